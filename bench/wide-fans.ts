import { spawn } from 'node:child_process'
import { parseArgs } from 'node:util'
import { bundleWorkflowCode, DefaultLogger, Runtime, Worker } from '@temporalio/worker'
import { compilePipeline, type PipelinePlan } from '../src/pipeline/index.ts'
import { PipelinesClient } from '../src/pipelines/index.ts'
import { packing } from '../src/temporal/index.ts'
import { workflowSources } from '../src/worker/workflow-sources.ts'
import { historiesOf, workflowTasksOf } from '../test/helpers/chain.ts'
import { startTestStack, type TestStack } from '../test/helpers/stack.ts'
import { startInstantServer } from './instant-server.ts'
import { loadAverage } from './machine.ts'

/**
 * `node bench/wide-fans.ts [--items N] [--beside N] [--burn N] [--instant]`: three `for_each` steps of N items each that may all
 * run at once, `--beside` so many others of the same kind and `--burn` processes that compute. Says how long it took, how its
 * workflow tasks ended, and how long a worker without a cache needs for its longest history. With `--instant` runs have no length.
 */
const { values } = parseArgs({
  options: {
    items: { type: 'string', default: '500' },
    beside: { type: 'string', default: '0' },
    burn: { type: 'string', default: '0' },
    duration: { type: 'string', default: '' },
    instant: { type: 'boolean', default: false },
  },
})
const [items, beside, burn] = [values.items, values.beside, values.burn].map(Number)

function fans(): PipelinePlan {
  const list = JSON.stringify(Array.from({ length: items ?? 0 }, (_, index) => index + 1))
  const fan = (name: string, duration: string) =>
    `  ${name}: { for_each: "\${{ inputs.n }}", max_parallel: 500, job_type: sleep, config: { duration: ${values.duration || duration} } }`
  const text = `name: three-wide-fans\ninputs: { n: { type: array, default: ${list} } }\nsteps:\n${fan('a', '1ms')}\n${fan('b', '2ms')}\n${fan('c', '3ms')}\n`
  const { plan, findings } = compilePipeline(text, { file: 'wide-fans.yaml' })
  if (!plan) throw new Error(JSON.stringify(findings))
  return plan
}

async function measure(stack: TestStack): Promise<void> {
  const pipelines = new PipelinesClient(stack.client, { timing: { stepHeartbeatMs: 5_000 } })
  const plan = fans()
  const inputs = Object.fromEntries(plan.inputs.map(({ name, default: value }) => [name, value ?? null]))
  const at = performance.now()
  const started = await Promise.all(
    Array.from({ length: 1 + (beside ?? 0) }, () => pipelines.start(plan, inputs)),
  )
  await Promise.all(
    started.map(async ({ id }) => {
      await packing(stack.client).workflow.getHandle(id).result()
      console.log(`${id} took ${((performance.now() - at) / 1000).toFixed(1)} s`)
    }),
  )
  console.log(`load average ${loadAverage().toFixed(1)}`)
  const logger = new DefaultLogger('ERROR')
  const workflowBundle = await bundleWorkflowCode({ logger, ...workflowSources() })
  for (const { id } of started) {
    const histories = await historiesOf(stack.client, id)
    const tasks = histories.map(workflowTasksOf)
    const sum = (of: (one: (typeof tasks)[number]) => number) => tasks.reduce((all, one) => all + of(one), 0)
    console.log(
      `${id}: ${histories.length} executions of ${histories.map(({ events }) => events?.length).join(', ')} events; workflow tasks: ` +
        `${sum((one) => one.completed)} completed, ${sum((one) => one.failed.length)} failed, ${sum((one) => one.timedOut)} timed out`,
    )
    for (const reason of tasks.flatMap(({ failed }) => failed)) console.log(`  failed: ${reason}`)
    const waits = histories.map(
      ({ events }) =>
        (events ?? []).filter((event) =>
          event.activityTaskScheduledEventAttributes?.activityId?.endsWith('/wait'),
        ).length,
    )
    console.log(`  waits ${waits.join(', ')}`)
    const longest = histories.toSorted((a, b) => (b.events?.length ?? 0) - (a.events?.length ?? 0))[0]
    if (!longest) continue
    const replayAt = performance.now()
    await Worker.runReplayHistory({ workflowBundle }, longest)
    console.log(`  replay of its longest history: ${(performance.now() - replayAt).toFixed(0)} ms`)
  }
}

Runtime.install({ logger: new DefaultLogger('ERROR') })
const instant = values.instant ? await startInstantServer() : undefined
const stack = await startTestStack({
  ...(instant ? { parts: ['temporal'] as const } : {}),
  env: {
    JOBWRIGHT_STEP_HEARTBEAT_MS: '5000',
    JOBWRIGHT_RUN_HEARTBEAT_MS: '5000',
    JOBWRIGHT_STICKY_QUEUE_MS: '3000',
    ...(instant
      ? { JOBS_API_URL: instant.url, JOBS_API_TOKEN: 'bench', JOBWRIGHT_URL: '', JOBWRIGHT_WORKER_TOKEN: '' }
      : {}),
  },
})
const burners = Array.from({ length: burn ?? 0 }, () =>
  spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' }),
)
try {
  if (instant) await stack.start('worker')
  await measure(stack)
} finally {
  for (const burner of burners) burner.kill('SIGKILL')
  await stack.stop()
  await instant?.stop()
}
