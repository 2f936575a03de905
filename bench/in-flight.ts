import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { compilePipeline, type PipelinePlan } from '../src/pipeline/index.ts'
import { PipelinesClient } from '../src/pipelines/index.ts'
import { packing } from '../src/temporal/index.ts'
import { type ForeignProcess, startForeignProcess } from '../test/foreign-server/process.ts'
import type { ChangeLogEntry, RequestLogEntry } from '../test/foreign-server/types.ts'
import { historiesOf } from '../test/helpers/chain.ts'
import { startProcess, type TestProcess } from '../test/helpers/processes.ts'
import { startTestStack, type TestStack } from '../test/helpers/stack.ts'
import { cpuMs, loadAverage } from './machine.ts'
import { quantile } from './statistics.ts'

/**
 * `node bench/in-flight.ts [--items N] [--rounds N] [--seconds N]`: so many job runs at once on a server without extensions, beside
 * hand-written Temporal workflows of one and of three activities a run, in turns. Per run: requests, events, how long after its end
 * the workflow is told, CPU of worker and Temporal together.
 */
const { values } = parseArgs({
  options: {
    items: { type: 'string', default: '100' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '10' },
  },
})
const [items = 0, rounds = 0, seconds = 0] = [values.items, values.rounds, values.seconds].map(Number)
/** Job runs of one workflow that are open at once. */
const perWorkflow = 500

interface Arm {
  name: string
  pid: number
  /** The ids of its workflows, which are over. */
  run(sizes: readonly number[]): Promise<string[]>
}

interface Sample {
  requests: number
  events: number
  latenessMs: number[]
  cpuMs: number
  wallMs: number
}

function planOfItems(): PipelinePlan {
  const text = `name: many
inputs: { items: { type: array } }
steps:
  many: { for_each: '\${{ inputs.items }}', max_parallel: 500, job_type: work, config: { step: '\${{ string(item) }}' } }
`
  const { plan, findings } = compilePipeline(text, { file: 'many.yaml' })
  if (!plan) throw new Error(JSON.stringify(findings))
  return plan
}

/** When each completed activity that waited for a run was completed; an event is written when the end is told. */
async function toldMs(
  stack: TestStack,
  ids: readonly string[],
): Promise<{ events: number; toldMs: number[] }> {
  let events = 0
  const told: number[] = []
  for (const id of ids)
    for (const history of await historiesOf(stack.client, id)) {
      const waits = new Set<string>()
      for (const event of history.events ?? []) {
        events += 1
        const scheduled = event.activityTaskScheduledEventAttributes
        if (
          scheduled &&
          /^(pollJobRun|pollRun|createTriggerAndPoll)$/.test(scheduled.activityType?.name ?? '')
        )
          waits.add(String(event.eventId))
        const completed = event.activityTaskCompletedEventAttributes
        if (!completed || !waits.has(String(completed.scheduledEventId))) continue
        told.push(Number(event.eventTime?.seconds ?? 0) * 1000 + (event.eventTime?.nanos ?? 0) / 1e6)
      }
    }
  return { events, toldMs: told }
}

async function sampleOf(arm: Arm, stack: TestStack, foreign: ForeignProcess): Promise<Sample> {
  const before = foreign.entries().length
  const cpu = () => cpuMs(arm.pid) + cpuMs(stack.pid('temporal'))
  const [cpuBefore, at] = [cpu(), performance.now()]
  const sizes = Array.from({ length: Math.ceil(items / perWorkflow) }, (_, index) =>
    Math.min(perWorkflow, items - index * perWorkflow),
  )
  const ids = await arm.run(sizes)
  const spent = cpu() - cpuBefore
  const wallMs = performance.now() - at
  const entries = foreign.entries().slice(before)
  const requests = entries.filter((entry): entry is RequestLogEntry => entry.event === 'request').length
  const ends = entries
    .filter((entry): entry is ChangeLogEntry => entry.event === 'run_status' && entry.status === 'completed')
    .map(({ atMs }) => atMs)
    .sort((a, b) => a - b)
  const { events, toldMs: told } = await toldMs(stack, ids)
  // Both in order: which end is whose does not matter for how they are spread, as long as all are there.
  const sorted = told.sort((a, b) => a - b)
  if (sorted.length !== ends.length) throw new Error(`${sorted.length} told, ${ends.length} ended`)
  return {
    requests: requests / items,
    events: events / items,
    latenessMs: sorted.map((ms, index) => ms - (ends[index] ?? Number.NaN)),
    cpuMs: spent / items,
    wallMs,
  }
}

async function startHandWritten(
  workflow: string,
  stack: TestStack,
  { url, token }: ForeignProcess,
): Promise<TestProcess> {
  const worker = ['bench/hand-written/worker.ts', stack.temporalAddress, url, workflow, token, 'work']
  const started = startProcess(process.execPath, worker, {})
  await started.event('ready')
  return started
}

function armsOn(stack: TestStack, one: TestProcess, three: TestProcess): Arm[] {
  const plan = planOfItems()
  const pipelines = new PipelinesClient(stack.client)
  let serial = 0
  const handWritten = (workflow: string) => (sizes: readonly number[]) =>
    Promise.all(
      sizes.map(async (size) => {
        const workflowId = `${workflow}-${serial++}`
        await stack.client.workflow.execute(workflow, { taskQueue: workflow, workflowId, args: [size] })
        return workflowId
      }),
    )
  return [
    {
      name: 'Jobwright, strict',
      pid: stack.pid('worker'),
      run: (sizes) =>
        Promise.all(
          sizes.map(async (size) => {
            const list = Array.from({ length: size }, (_, index) => index)
            const { id } = await pipelines.start(plan, { items: list })
            await packing(stack.client).workflow.getHandle(id).result()
            return id
          }),
        ),
    },
    { name: 'hand-written, 1 activity', pid: one.child.pid ?? 0, run: handWritten('fanOfOne') },
    { name: 'hand-written, 3 activities', pid: three.child.pid ?? 0, run: handWritten('fanOfThree') },
  ]
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130))
const folder = await mkdtemp(path.join(tmpdir(), 'jobwright-bench-'))
const foreign = await startForeignProcess(path.join(folder, 'log.jsonl'), { durationMs: seconds * 1000 })
const stack = await startTestStack({
  parts: ['temporal', 'worker'],
  env: {
    JOBS_API_URL: foreign.url,
    JOBS_API_TOKEN: foreign.token,
    JOBWRIGHT_URL: '',
    JOBWRIGHT_WORKER_TOKEN: '',
  },
})
const bare: TestProcess[] = []
try {
  for (const workflow of ['fanOfOne', 'fanOfThree'])
    bare.push(await startHandWritten(workflow, stack, foreign))
  const [one, three] = bare
  if (!one || !three) throw new Error('no workers')
  const arms = armsOn(stack, one, three)
  const samples = arms.map((): Sample[] => [])
  for (let round = 0; round < rounds; round += 1) {
    const order = [...arms.entries()]
    for (const [index, arm] of round % 2 === 0 ? order : order.reverse()) {
      const sample = await sampleOf(arm, stack, foreign)
      samples[index]?.push(sample)
      const { latenessMs, ...rest } = sample
      const told = [0.5, 0.99].map((share) => Math.round(quantile(latenessMs, share)))
      console.log(
        `round ${round + 1}: ${arm.name}: ${JSON.stringify(rest)}, told after ${told.join(' / ')} ms`,
      )
    }
  }
  console.log(
    `\n${items} job runs of ${seconds} s at once, ${rounds} rounds, load average ${loadAverage().toFixed(1)}`,
  )
  for (const [index, { name }] of arms.entries()) {
    const own = samples[index] ?? []
    const middle = (of: (sample: Sample) => number) => quantile(own.map(of), 0.5)
    const late = own.flatMap(({ latenessMs }) => latenessMs)
    console.log(
      `${name}: ${middle((sample) => sample.requests).toFixed(2)} requests, ${middle((sample) => sample.events).toFixed(1)} events, ` +
        `${middle((sample) => sample.cpuMs).toFixed(1)} ms of CPU a run; told after ${quantile(late, 0.5).toFixed(0)} ms (p99 ${quantile(late, 0.99).toFixed(0)})`,
    )
  }
} finally {
  for (const worker of bare) await worker.stop()
  await stack.stop()
  await foreign.stop()
  await rm(folder, { recursive: true, force: true })
}
