import { rulesEngine } from './src/job-types/analysis/rules-engine.ts'
const big = 5_000_000
const cases: Record<string, [string, string]> = {}
for (const unit of ['a ', '1,', '1 ', '(A', '| a ', '[a', '**', 'Pump P1 draws 5 A. ', 'TBD ', '<!--', 'A-', 'x and ', '_', '-', '1.', 'The Pump powers the Fan, ', 'is connected to ', '"', '\\', '~', ' ', 'REQ-1 to ', 'no open ', 'A (B) '])
  for (const ext of ['md', 'csv', 'txt']) cases[`${JSON.stringify(unit)}.${ext}`] = [`x.${ext}`, unit.repeat(big / unit.length)]
cases['json list'] = ['x.json', `[${'{"name":"P","current_a":5,"powered_by":"R"},'.repeat(100_000)}{}]`]
cases['json str'] = ['x.json', `["${'a\\"'.repeat(1_500_000)}"]`]
cases['sentences'] = ['x.md', Array.from({ length: 60_000 }, (_, i) => `The pump P${i % 5000} draws ${i % 7}.5 A at 24 V and is powered by the rail R${i % 50}.\n\n`).join('')]
cases['rows'] = ['x.csv', 'name,supply,current (A),mass (kg)\n' + Array.from({ length: 120_000 }, (_, i) => `Pump ${i},Rail ${i % 100},1.5,3`).join('\n')]
cases['samerow'] = ['x.csv', 'name,supply,current (A),mass (kg)\n' + Array.from({ length: 120_000 }, (_, i) => `Pump,Rail,${i}.5,3`).join('\n')]
cases['reqs'] = ['x.md', Array.from({ length: 60_000 }, (_, i) => `- REQ-${i}: The pump shall draw at most ${i} A.\n`).join('')]
cases['tests'] = ['x.csv', 'Test,Requirement,Measured,Limit,Result\n' + Array.from({ length: 100_000 }, (_, i) => `T-${i},REQ-${i},${i} A,< 5 A,Pass`).join('\n')]
cases['headings'] = ['x.md', Array.from({ length: 200_000 }, (_, i) => `${'#'.repeat(1 + (i % 6))} Pump P${i}\n`).join('')]
cases['tables'] = ['x.md', Array.from({ length: 50_000 }, (_, i) => `| Pin | Signal |\n|---|---|\n| ${i} | SIG_${i} |\n\n`).join('')]
const only = process.argv[2]
for (const [name, [path, text]] of Object.entries(cases)) {
  if (only && !name.includes(only)) continue
  const t = performance.now()
  try {
    const o = { system: 'x' }
    const docs = [{ path, text }]
    const g = await rulesEngine.readDocuments(docs, o)
    const t2 = performance.now()
    const i = await rulesEngine.findIssues(g, docs, o)
    const total = performance.now() - t
    if (total > 2500 || only) console.log(name, Math.round(t2 - t), Math.round(total), g.entities.length, i.length)
  } catch (e) { console.log(name, 'ERR', String(e).slice(0, 120), Math.round(performance.now() - t)) }
}
