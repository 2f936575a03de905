import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { compilePipeline, type PipelinePlan } from '../src/pipeline/index.ts'
import { startForeignServer } from '../test/foreign-server/index.ts'
import { startProcess } from '../test/helpers/processes.ts'
import { startTestStack } from '../test/helpers/stack.ts'
import { until } from '../test/helpers/until.ts'
import { loadAverage } from './machine.ts'
import { quantile } from './statistics.ts'

/**
 * `node bench/recovery.ts [--runs N] [--open N] [--kills N] [--second] [--sample N]`: so many pipeline runs, each with so many job runs
 * open at once on a server without extensions. Then the worker that keeps all these waits is killed while a sample of the job runs
 * ends, and how long it takes until the next job run is triggered in place of each is measured. The worker is started again at
 * once, or there is a second one and it stays dead (`--second`).
 */
const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '100' },
    open: { type: 'string', default: '1' },
    kills: { type: 'string', default: '3' },
    sample: { type: 'string', default: '50' },
    second: { type: 'boolean', default: false },
  },
})
const [runs = 0, open = 0, kills = 0] = [values.runs, values.open, values.kills].map(Number)
const sample = Math.min(Number(values.sample), runs * open)
const fillMs = 30 * 60_000

function plan(): PipelinePlan {
  const text = `name: many
inputs: { items: { type: array } }
steps:
  many: { for_each: '\${{ inputs.items }}', max_parallel: ${open}, job_type: work, config: { step: '\${{ string(item) }}' } }
`
  const { plan: compiled, findings } = compilePipeline(text, { file: 'many.yaml' })
  if (!compiled) throw new Error(JSON.stringify(findings))
  return compiled
}

async function measure(): Promise<number[]> {
  const foreign = await startForeignServer({ manual: true })
  const stack = await startTestStack({
    parts: ['temporal', 'worker'],
    waitLeaseMs: 10 * 60_000,
    env: {
      JOBS_API_URL: foreign.url,
      JOBS_API_TOKEN: foreign.token,
      JOBWRIGHT_URL: '',
      JOBWRIGHT_WORKER_TOKEN: '',
    },
  })
  const root = fileURLToPath(new URL('../src/worker.ts', import.meta.url))
  let second: ReturnType<typeof startProcess> | undefined
  const triggered = () => foreign.log.filter(({ made }) => made)
  try {
    const compiled = plan()
    const items = Array.from({ length: open + sample }, (_, n) => n)
    for (let n = 0; n < runs; n += 1) await stack.pipelines.start(compiled, { items }, { id: `many-${n}` })
    await until('all wait', () => triggered().length >= runs * open, fillMs)
    // The last answers are on their way to Temporal.
    await until('all are kept', async () => (await kept()) === runs * open, fillMs)
    if (values.second) {
      second = startProcess(process.execPath, [root], stack.env)
      await second.event('ready')
    }
    const before = triggered().map(({ made }) => made?.job_run_id ?? '')
    await stack.kill('worker')
    const killedAtMs = Date.now()
    const every = before.length / sample
    for (let n = 0; n < sample; n += 1) foreign.endRun(before[Math.floor(n * every)] ?? '', 'completed')
    if (!values.second) void stack.start('worker')
    await until('all go on', () => triggered().length >= before.length + sample, fillMs)
    for (const line of `${second?.stderr() ?? ''}${stack.stderr('worker')}`.split('\n'))
      if (line.includes('a worker is gone')) {
        const { time, waits, tookMs } = JSON.parse(line) as Record<'time' | 'waits' | 'tookMs', number>
        process.stdout.write(
          `  ${waits} waits were given to others ${((time - killedAtMs) / 1000).toFixed(1)} s after the kill, which took ${(tookMs / 1000).toFixed(1)} s\n`,
        )
      }
    return triggered()
      .slice(before.length)
      .map(({ atMs }) => atMs - killedAtMs)
  } finally {
    await second?.stop()
    await stack.stop()
    await foreign.stop()
  }

  async function kept(): Promise<number> {
    let waits = 0
    for await (const { workflowId } of stack.client.workflow.list({
      query: "WorkflowType = 'runPipeline'",
    })) {
      const { raw } = await stack.client.workflow.getHandle(workflowId).describe()
      for (const { activityType, state } of raw.pendingActivities ?? [])
        if (activityType?.name === 'pollJobRun' && state === 2) waits += 1
    }
    return waits
  }
}

process.stdout.write(
  `${runs} pipeline runs × ${open} job runs open, ${values.second ? 'a second worker' : 'the worker started again'}\n`,
)
for (let kill = 1; kill <= kills; kill += 1) {
  const late = (await measure()).map((ms) => ms / 1000)
  const shown = [quantile(late, 0.5), quantile(late, 0.99), Math.max(...late)].map((s) => s.toFixed(1))
  process.stdout.write(
    `kill ${kill}: the next one late by ${shown[0]} s median, ${shown[1]} s p99, ${shown[2]} s at most; load ${loadAverage()}\n`,
  )
}
