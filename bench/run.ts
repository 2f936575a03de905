import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { parseArgs } from 'node:util'
import type { PipelinePlan } from '../src/pipeline/plan/index.ts'
import { planOf, planStep } from '../test/helpers/plans.ts'
import { startProcess, type TestProcess } from '../test/helpers/processes.ts'
import { type Part, startTestStack, type TestStack } from '../test/helpers/stack.ts'
import { startInstantServer } from './instant-server.ts'
import { cpuMs, describeMachine, installedMiB, loadAverage, residentMiB } from './machine.ts'
import { type ArmResult, type Results, renderReport, type Sample } from './report.ts'

/**
 * `npm run bench [-- --rounds N]`: what our orchestration costs beside hand-written Temporal workflows of one and of
 * three activities a step, memory and installed size. Prints the report, and keeps it in bench/reports/. Linux.
 */
const repository = path.resolve(import.meta.dirname, '..')
/** Many chains a sample: CPU is counted in ticks of 10 ms, and the first chains after another arm's turn are slower. */
const chainsPerSample = 20

interface Arm {
  name: string
  pid: number
  /** Runs one chain; the id of its workflow. */
  run(): Promise<string>
}

interface Settings {
  rounds: number
  steps: number
  warmup: number
}

function readSettings(): Settings {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '10' },
      steps: { type: 'string', default: '10' },
      warmup: { type: 'string', default: '100' },
    },
  })
  const [rounds, steps, warmup] = [values.rounds, values.steps, values.warmup].map(Number)
  if (!rounds || !steps || warmup === undefined || Number.isNaN(warmup))
    throw new Error('usage: npm run bench [-- --rounds N --steps N --warmup N]')
  return { rounds, steps, warmup }
}

function chainOf(steps: number): PipelinePlan {
  return planOf(
    Array.from({ length: steps }, (_, index) =>
      planStep(`s${index}`, {
        needs: index === 0 ? [] : [`s${index - 1}`],
        config: { kind: 'literal', value: { duration: '1ms' } },
      }),
    ),
  )
}

async function runOurs(stack: TestStack, plan: PipelinePlan): Promise<string> {
  const id = await stack.runPlan(plan)
  await stack.client.workflow.getHandle(id).result()
  return id
}

/** A worker of its own for each arm, so that none is warmer than another. */
async function startHandWritten(workflow: string, stack: TestStack, url: string): Promise<TestProcess> {
  const worker = ['bench/hand-written/worker.ts', stack.temporalAddress, url, workflow]
  const started = startProcess(process.execPath, worker, {})
  await started.event('ready')
  return started
}

function armsOn(stack: TestStack, one: TestProcess, three: TestProcess, steps: number): Arm[] {
  let serial = 0
  const handWritten = (workflow: string) => async () => {
    const workflowId = `${workflow}-${serial++}`
    await stack.client.workflow.execute(workflow, { taskQueue: workflow, workflowId, args: [steps] })
    return workflowId
  }
  const chain = chainOf(steps)
  const pidOf = ({ child }: TestProcess) => child.pid ?? 0
  return [
    { name: 'Jobwright', pid: stack.pid('worker'), run: () => runOurs(stack, chain) },
    { name: 'hand-written, 1 activity a step', pid: pidOf(one), run: handWritten('chainOfOne') },
    { name: 'hand-written, 3 activities a step', pid: pidOf(three), run: handWritten('chainOfThree') },
  ]
}

async function sampleOf(arm: Arm, temporalPid: number, steps: number): Promise<Sample> {
  const before = { worker: cpuMs(arm.pid), temporal: cpuMs(temporalPid), at: performance.now() }
  for (let index = 0; index < chainsPerSample; index += 1) await arm.run()
  const perStep = (total: number) => total / (chainsPerSample * steps)
  return {
    wallMs: perStep(performance.now() - before.at),
    workerMs: perStep(cpuMs(arm.pid) - before.worker),
    temporalMs: perStep(cpuMs(temporalPid) - before.temporal),
  }
}

async function countsOf(arm: Arm, stack: TestStack, requests: () => number, steps: number) {
  const before = requests()
  const id = await arm.run()
  const requestsPerStep = (requests() - before) / steps
  const { events } = await stack.client.workflow.getHandle(id).fetchHistory()
  const workflowTasks = (events ?? []).filter((event) => event.workflowTaskCompletedEventAttributes).length
  return { events: events?.length ?? 0, workflowTasks, requestsPerStep }
}

async function measureArms({ rounds, steps, warmup }: Settings): Promise<ArmResult[]> {
  const instant = await startInstantServer()
  const stack = await startTestStack({
    parts: ['temporal'],
    env: {
      JOBS_API_URL: instant.url,
      JOBS_API_TOKEN: 'bench',
      JOBWRIGHT_URL: '',
      JOBWRIGHT_WORKER_TOKEN: '',
    },
  })
  await stack.start('worker')
  const bare: TestProcess[] = []
  try {
    const one = await startHandWritten('chainOfOne', stack, instant.url)
    bare.push(one)
    const three = await startHandWritten('chainOfThree', stack, instant.url)
    bare.push(three)
    const arms = armsOn(stack, one, three, steps)
    for (const arm of arms) for (let index = 0; index < warmup; index += 1) await arm.run()
    const counts: Awaited<ReturnType<typeof countsOf>>[] = []
    for (const arm of arms) counts.push(await countsOf(arm, stack, instant.requests, steps))
    const samples = arms.map((): Sample[] => [])
    for (let round = 0; round < rounds; round += 1) {
      const order = [...arms.entries()]
      for (const [index, arm] of round % 2 === 0 ? order : order.reverse())
        samples[index]?.push(await sampleOf(arm, stack.pid('temporal'), steps))
      process.stderr.write(`round ${round + 1} of ${rounds}\n`)
    }
    return arms.flatMap(({ name }, index) => {
      const count = counts[index]
      return count ? [{ name, ...count, samples: samples[index] ?? [] }] : []
    })
  } finally {
    for (const worker of bare) await worker.stop()
    await stack.stop()
    await instant.stop()
  }
}

/** Of each process of a whole stack: when it is ready, and after some chains of real (1 ms) job runs. */
async function measureMemory(steps: number): Promise<Results['residentMiB']> {
  const labels: [Part, string][] = [
    ['temporal', 'Temporal'],
    ['server', 'API server'],
    ['worker', 'worker'],
  ]
  const stack = await startTestStack()
  try {
    const read = () => labels.map(([part]) => residentMiB(stack.pid(part)))
    const fresh = read()
    for (let index = 0; index < 20; index += 1) await runOurs(stack, chainOf(steps))
    const used = read()
    return labels.map(([, process], index) => ({
      process,
      fresh: fresh[index] ?? Number.NaN,
      used: used[index] ?? Number.NaN,
    }))
  } finally {
    await stack.stop()
  }
}

// What was started ends with this process, also by Ctrl-C.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130))
const settings = readSettings()
const date = new Date().toISOString()
const loadBefore = loadAverage()
const arms = await measureArms(settings)
const loadAfter = loadAverage()
const report = renderReport({
  date,
  command: ['npm run bench', ...(process.argv.length > 2 ? ['--', ...process.argv.slice(2)] : [])].join(' '),
  machine: describeMachine(),
  temporal: 'embedded development server, SQLite with WAL and synchronous=normal, transfer queue not paced',
  loadBefore,
  loadAfter,
  rounds: settings.rounds,
  chainsPerSample,
  steps: settings.steps,
  arms,
  residentMiB: await measureMemory(settings.steps),
  installedMiB: installedMiB(repository),
})
const file = path.join(repository, 'bench', 'reports', `${date.slice(0, 10)}.md`)
await mkdir(path.dirname(file), { recursive: true })
await writeFile(file, report)
process.stdout.write(`${report}\nkept in ${path.relative(repository, file)}\n`)
