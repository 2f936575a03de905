// Everything that can be said about the code without running it. Each check runs even when an earlier one failed.
import { ensurePackages, runNode } from './bootstrap.mjs'

await ensurePackages()
const checks = [
  ['types', ['node_modules/typescript/bin/tsc', '-p', '.']],
  ['lint and format', ['node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '.']],
  ['generated files', ['scripts/generate.ts', '--check']],
]

const results = []
for (const [name, args] of checks) results.push([name, await runNode(args)])
for (const [name, code] of results) console.log(`${code === 0 ? 'ok    ' : 'FAILED'}  ${name}`)
process.exitCode = results.every(([, code]) => code === 0) ? 0 : 1
