import { once } from 'node:events'
import { parseArgs } from 'node:util'
import type { PipelinePlan } from '../src/pipeline/plan/index.ts'
import { planOf, planStep } from '../test/helpers/plans.ts'
import { startProcess } from '../test/helpers/processes.ts'
import { startTestStack, type TestStack } from '../test/helpers/stack.ts'
import { cpuMs, median, residentMiB } from './cpu.ts'
import { startInstantServer } from './instant-server.ts'

/**
 * Orchestration overhead of a chain of steps whose runs have no length: ours beside hand-written Temporal
 * workflows of one and of three activities a step, against the same Temporal server and the same Jobs API, in
 * turn (A B C C B A …). Quote the ratios; times and CPU of a shared machine drift.
 */
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '10' },
    steps: { type: 'string', default: '10' },
    warmup: { type: 'string', default: '20' },
  },
})
const [rounds, steps, warmup] = [Number(values.rounds), Number(values.steps), Number(values.warmup)]

interface Sample {
  wallMs: number
  workerMs: number
  temporalMs: number
}
interface Arm {
  name: string
  pid: number
  run(): Promise<string>
  samples: Sample[]
}

const instant = await startInstantServer()
const stack = await startTestStack({
  parts: ['temporal'],
  env: { JOBS_API_URL: instant.url, JOBS_API_TOKEN: 'bench', JOBWRIGHT_URL: '', JOBWRIGHT_WORKER_TOKEN: '' },
})
await stack.start('worker')
const bare = startProcess(
  process.execPath,
  ['bench/hand-written/worker.ts', stack.temporalAddress, instant.url],
  {},
)
await bare.event('ready')

const chain: PipelinePlan = planOf(
  Array.from({ length: steps }, (_, index) =>
    planStep(`s${index}`, {
      needs: index === 0 ? [] : [`s${index - 1}`],
      config: { kind: 'literal', value: { duration: '1ms' } },
    }),
  ),
)
let serial = 0
const handWritten = (workflow: string) => async () => {
  const workflowId = `${workflow}-${serial++}`
  await stack.client.workflow.execute(workflow, { taskQueue: 'hand-written', workflowId, args: [steps] })
  return workflowId
}
const arms: Arm[] = [
  { name: 'jobwright', pid: stack.pid('worker'), run: () => runOurs(stack, chain), samples: [] },
  { name: 'hand-written, 1 activity', pid: bare.child.pid ?? 0, run: handWritten('chainOfOne'), samples: [] },
  {
    name: 'hand-written, 3 activities',
    pid: bare.child.pid ?? 0,
    run: handWritten('chainOfThree'),
    samples: [],
  },
]

async function runOurs(on: TestStack, plan: PipelinePlan): Promise<string> {
  const id = await on.runPlan(plan)
  await on.client.workflow.getHandle(id).result()
  return id
}

async function measure(arm: Arm): Promise<void> {
  const before = { worker: cpuMs(arm.pid), temporal: cpuMs(stack.pid('temporal')), at: performance.now() }
  // Several chains a sample: CPU is counted in ticks of 10 ms.
  const chains = 5
  for (let index = 0; index < chains; index += 1) await arm.run()
  const perStep = (total: number) => total / (chains * steps)
  arm.samples.push({
    wallMs: perStep(performance.now() - before.at),
    workerMs: perStep(cpuMs(arm.pid) - before.worker),
    temporalMs: perStep(cpuMs(stack.pid('temporal')) - before.temporal),
  })
}

async function eventsOf(id: string): Promise<{ events: number; workflowTasks: number }> {
  const history = await stack.client.workflow.getHandle(id).fetchHistory()
  const events = history.events ?? []
  return {
    events: events.length,
    workflowTasks: events.filter((event) => event.workflowTaskCompletedEventAttributes).length,
  }
}

function report(): void {
  const of = (arm: Arm, key: keyof Sample) => median(arm.samples.map((sample) => sample[key]))
  const ratio = (arm: Arm, base: Arm, key: keyof Sample) =>
    median(arm.samples.map((sample, index) => sample[key] / (base.samples[index]?.[key] ?? Number.NaN)))
  const base = arms[1] as Arm
  const rows = arms.map((arm) => ({
    arm: arm.name,
    'wall ms/step': of(arm, 'wallMs').toFixed(1),
    'worker CPU ms/step': of(arm, 'workerMs').toFixed(1),
    'Temporal CPU ms/step': of(arm, 'temporalMs').toFixed(1),
    'wall ratio to 1 activity': ratio(arm, base, 'wallMs').toFixed(2),
    'worker ratio': ratio(arm, base, 'workerMs').toFixed(2),
    'Temporal ratio': ratio(arm, base, 'temporalMs').toFixed(2),
  }))
  console.table(rows)
}

try {
  for (const arm of arms) for (let index = 0; index < warmup; index += 1) await arm.run()
  for (const arm of arms) {
    const counts = await eventsOf(await arm.run())
    console.log(
      `${arm.name}: ${counts.events} events, ${counts.workflowTasks} workflow tasks for a chain of ${steps}`,
    )
  }
  const before = instant.requests()
  await runOurs(stack, chain)
  console.log(`jobwright: ${((instant.requests() - before) / steps).toFixed(1)} requests a step`)
  for (let round = 0; round < rounds; round += 1) {
    for (const arm of round % 2 === 0 ? arms : [...arms].reverse()) await measure(arm)
    process.stderr.write(`round ${round + 1} of ${rounds}\n`)
  }
  console.log(
    `${rounds} rounds of 5 chains of ${steps}; medians; SQLite WAL, synchronous=normal; unpaced transfer queue`,
  )
  report()
  console.log(
    `resident MiB: Temporal ${residentMiB(stack.pid('temporal')).toFixed(0)}, worker ${residentMiB(stack.pid('worker')).toFixed(0)}`,
  )
} finally {
  bare.child.kill('SIGTERM')
  await once(bare.child, 'exit')
  await stack.stop()
  await instant.stop()
}
