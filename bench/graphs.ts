import { parseArgs } from 'node:util'
import type { PipelineRunView } from '../src/pipeline/index.ts'
import { compilePipeline } from '../src/pipeline/index.ts'
import { packing } from '../src/temporal/index.ts'
import { historiesOf, workflowTasksOf } from '../test/helpers/chain.ts'
import {
  depthOf,
  edgesOf,
  epigenomics,
  type GraphStep,
  layered,
  montage,
  yamlOf,
} from '../test/helpers/graphs.ts'
import { startTestStack } from '../test/helpers/stack.ts'
import { startInstantServer } from './instant-server.ts'
import { cpuMs, describeMachine, loadAverage, residentMiB } from './machine.ts'

/**
 * `node bench/graphs.ts [--graph mosaic|genomes|layers] [--steps N] [--job-ms N]`: one big pipeline run on a real Temporal. Says how long
 * compiling takes, how long the run takes beside its critical path, what it costs, and how its workflow tasks ended. Its job runs are those of
 * a server with nothing behind it. Linux.
 */
const graphs: Record<string, (steps: number) => GraphStep[]> = {
  mosaic: (steps) => montage(Math.max(2, Math.floor((steps - 15) / 5))),
  genomes: (steps) => epigenomics(5, Math.max(1, Math.round(steps / 20))),
  layers: (steps) => layered(10, Math.max(1, Math.round(steps / 10)), 4),
}

function readSettings() {
  const { values } = parseArgs({
    options: {
      graph: { type: 'string', default: 'mosaic' },
      steps: { type: 'string', default: '1000' },
      'job-ms': { type: 'string', default: '0' },
    },
  })
  const graph = graphs[values.graph]
  const [steps, jobMs] = [Number(values.steps), Number(values['job-ms'])]
  if (!graph || !(steps > 0) || !(jobMs >= 0))
    throw new Error('usage: node bench/graphs.ts [--graph mosaic|genomes|layers] [--steps N] [--job-ms N]')
  return { name: values.graph, steps: graph(steps), jobMs }
}

async function startStack() {
  const instant = await startInstantServer()
  const env = {
    JOBS_API_URL: instant.url,
    JOBS_API_TOKEN: instant.token,
    JOBWRIGHT_URL: '',
    JOBWRIGHT_WORKER_TOKEN: '',
  }
  const stack = await startTestStack({ parts: ['temporal'], env })
  await stack.start('worker')
  return { stack, instant }
}

const { name, steps, jobMs } = readSettings()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130))
console.log(`${describeMachine()}, load ${loadAverage()}`)
console.log(`${name}: ${steps.length} steps, ${edgesOf(steps)} needs, ${depthOf(steps)} after one another`)
const compiling = performance.now()
const { plan, findings } = compilePipeline(yamlOf(steps, name, `${Math.max(1, jobMs)}ms`), { file: name })
if (!plan) throw new Error(findings[0]?.message)
console.log(`compiled in ${(performance.now() - compiling).toFixed(0)} ms`)
const { stack, instant } = await startStack()
try {
  const parts = ['worker', 'temporal'] as const
  const before = parts.map((part) => cpuMs(stack.pid(part)))
  const beganMs = performance.now()
  const id = await stack.runPlan(plan)
  const view = (await packing(stack.client).workflow.getHandle(id).result()) as PipelineRunView
  const tookMs = performance.now() - beganMs
  console.log(`${instant.made()} job runs`)
  const done = view.steps.filter(({ status }) => status === 'completed').length
  const criticalMs = depthOf(steps) * jobMs
  console.log(
    `${view.status}, ${done} of ${steps.length} steps completed, in ${(tookMs / 1000).toFixed(1)} s`,
  )
  if (jobMs > 0)
    console.log(
      `critical path ${criticalMs} ms: beyond it ${(tookMs - criticalMs).toFixed(0)} ms (${(100 * (tookMs / criticalMs - 1)).toFixed(0)} %)`,
    )
  parts.forEach((part, index) => {
    const used = cpuMs(stack.pid(part)) - (before[index] ?? 0)
    console.log(
      `${part}: ${(used / steps.length).toFixed(1)} ms of CPU a step, ${residentMiB(stack.pid(part)).toFixed(0)} MiB`,
    )
  })
  const histories = await historiesOf(stack.client, id)
  for (const [index, history] of histories.entries()) {
    const { completed, failed, timedOut } = workflowTasksOf(history)
    console.log(
      `execution ${index + 1}: ${history.events?.length ?? 0} events, workflow tasks: ${completed} completed, ${failed.length} failed, ${timedOut} timed out`,
    )
    for (const why of failed) console.log(`  ${why.slice(0, 300)}`)
  }
} finally {
  await stack.stop()
  await instant.stop()
}
