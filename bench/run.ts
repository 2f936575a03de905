import { execFileSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { startCheckout } from './arms/checkout.ts'
import { startCrew } from './crew.ts'
import { measureKills, measureMemory, measureWaiting } from './extras.ts'
import { type InstantServer, startInstantServer } from './instant-server.ts'
import { describeMachine, installedMiB, loadAverage } from './machine.ts'
import { measureWorkload } from './measure.ts'
import { isBefore, type Options, readOptions } from './options.ts'
import { renderReport } from './report.ts'
import type { Results, WaitingResult, WorkloadResult } from './results.ts'
import { workloads } from './workloads.ts'

/**
 * `npm run bench`: what orchestration costs beside others, what our whole stack costs beside another version of it. `--help` says what can be
 * asked for. Prints the report, and keeps it in bench/reports/ with its numbers as JSON. Linux.
 */
const repository = path.resolve(import.meta.dirname, '..')
const say = (line: string) => void process.stderr.write(`${line}\n`)

/** What was not measured in full does not take the place of what was. */
const nameOf = (date: string, { isFull }: Options): string => `${date.slice(0, 10)}${isFull ? '' : '-part'}`

type Measured = Pick<Results, 'workloads' | 'skipped' | 'waiting' | 'kills' | 'memory'>

async function measureWorkloads(
  options: Options,
  jobsApi: InstantServer,
): Promise<Pick<Measured, 'workloads' | 'skipped'>> {
  const results: WorkloadResult[] = []
  const wanted = workloads.filter(({ name }) => options.workloads.includes(name))
  if (wanted.length === 0) return { workloads: [], skipped: [] }
  const crew = await startCrew(options.arms, { ...options, jobsApi })
  try {
    for (const { arm, why } of crew.skipped) say(`left out: ${arm}. ${why}`)
    for (const workload of wanted)
      results.push(
        await measureWorkload(
          workload,
          crew.arms.filter(({ kind }) => workload.kinds.includes(kind)).map(({ arm }) => arm),
          { rounds: options.rounds, ends: jobsApi.ends, say },
        ),
      )
  } finally {
    await crew.stop()
  }
  return { workloads: results, skipped: crew.skipped }
}

async function measureExtras(
  { extras, arms, baseline }: Options,
  jobsApi: InstantServer,
): Promise<Pick<Measured, 'waiting' | 'kills' | 'memory'>> {
  const waiting: WaitingResult[] = []
  if (extras.includes('waiting'))
    for (const name of arms.filter((each) => /^ours/.test(each))) {
      const checkout = isBefore(name) ? (baseline ?? repository) : repository
      const title = isBefore(name) ? 'Jobwright, before' : 'Jobwright'
      const result = await measureWaiting(await startCheckout({ name, title, checkout, jobsApi }), jobsApi)
      say(`waiting: ${JSON.stringify(result)}`)
      waiting.push(result)
    }
  const kills = extras.includes('kills') ? await measureKills(say) : []
  if (!extras.includes('memory')) return { waiting, kills, memory: [] }
  const stack = await startCheckout({ name: 'stack', title: 'own stack', checkout: repository })
  try {
    return { waiting, kills, memory: await measureMemory(stack) }
  } finally {
    await stack.stop()
  }
}

const commitOf = (folder: string): string => {
  const git = (...args: string[]) => execFileSync('git', ['-C', folder, ...args], { encoding: 'utf8' }).trim()
  try {
    return `${git('rev-parse', '--short', 'HEAD')}${git('status', '--porcelain', 'src') === '' ? '' : ', changed'}`
  } catch {
    return 'not in git'
  }
}

async function main(args: readonly string[]): Promise<void> {
  const options = readOptions(args)
  const date = new Date().toISOString()
  const loadBefore = loadAverage()
  const jobsApi = await startInstantServer()
  try {
    const measured = {
      ...(await measureWorkloads(options, jobsApi)),
      ...(await measureExtras(options, jobsApi)),
    }
    const results: Results = {
      date,
      command: ['npm run bench', ...(args.length > 0 ? ['--', ...args] : [])].join(' '),
      commit: commitOf(repository),
      baseline: options.baseline && commitOf(options.baseline),
      machine: describeMachine(),
      loadBefore,
      loadAfter: loadAverage(),
      rounds: options.rounds,
      ...measured,
      installedMiB: installedMiB(repository),
    }
    const file = path.resolve(options.out ?? path.join(repository, 'bench', 'reports', nameOf(date, options)))
    const report = renderReport(results)
    await mkdir(path.dirname(file), { recursive: true })
    await writeFile(`${file}.md`, report)
    await writeFile(`${file}.json`, `${JSON.stringify(results)}\n`)
    process.stdout.write(`${report}\nkept in ${path.relative(process.cwd(), file)}.md and .json\n`)
  } finally {
    await jobsApi.stop()
  }
}

// What was started ends with this process, also by Ctrl-C.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(130))
try {
  await main(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
