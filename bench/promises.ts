import { fileURLToPath } from 'node:url'
import { promiseHooks } from 'node:v8'
import { bundleWorkflowCode, DefaultLogger, Runtime, Worker } from '@temporalio/worker'
import { workflowSources } from '../src/worker/workflow-sources.ts'
import { planOf, planStep } from '../test/helpers/plans.ts'
import { startProcess } from '../test/helpers/processes.ts'
import { startTestStack } from '../test/helpers/stack.ts'
import { startInstantServer } from './instant-server.ts'

/**
 * `node bench/promises.ts`: how many promises a step of a chain costs a workflow, ours and hand-written. Under the SDK's hook
 * each is a stack trace, which is most of what a replay costs. Counted while histories of two lengths are replayed in this process.
 */
const lengths = [10, 40] as const
const logger = new DefaultLogger('ERROR')
Runtime.install({ logger })
const instant = await startInstantServer()
const stack = await startTestStack({
  parts: ['temporal'],
  env: { JOBS_API_URL: instant.url, JOBS_API_TOKEN: 'bench', JOBWRIGHT_URL: '', JOBWRIGHT_WORKER_TOKEN: '' },
})
const handWritten = startProcess(
  process.execPath,
  ['bench/hand-written/worker.ts', stack.temporalAddress, instant.url, 'chainOfOne'],
  {},
)

async function historyOf(workflowId: string) {
  const handle = stack.client.workflow.getHandle(workflowId)
  await handle.result()
  return handle.fetchHistory()
}

async function runOurs(steps: number) {
  const plan = planOf(
    Array.from({ length: steps }, (_, index) =>
      planStep(`s${index}`, {
        needs: index === 0 ? [] : [`s${index - 1}`],
        config: { kind: 'literal', value: { duration: '1ms' } },
      }),
    ),
  )
  return historyOf(await stack.runPlan(plan))
}

async function runTheirs(steps: number) {
  const workflowId = `theirs-${steps}`
  await stack.client.workflow.start('chainOfOne', { taskQueue: 'chainOfOne', workflowId, args: [steps] })
  return historyOf(workflowId)
}

/** Promises that are made in a workflow's context while a history is replayed; in debug mode that is in this thread. */
async function promisesIn(
  sources: { workflowsPath: string; preloadModules?: string[] },
  history: object,
): Promise<number> {
  const { workflowsPath, preloadModules = [] } = sources
  const workflowBundle = await bundleWorkflowCode({ logger, workflowsPath, preloadModules })
  let count = 0
  const stop = promiseHooks.onInit((promise) => {
    // Those of this program are made by its own constructor.
    if (!(promise instanceof Promise)) count += 1
  })
  try {
    const options = { workflowBundle, debugMode: true }
    await Worker.runReplayHistory(options, history)
  } finally {
    stop()
  }
  return count
}

try {
  await stack.start('worker')
  await handWritten.event('ready')
  const theirSources = {
    workflowsPath: fileURLToPath(new URL('./hand-written/workflows.ts', import.meta.url)),
  }
  const arms = [
    { name: 'Jobwright', sources: workflowSources(), run: runOurs },
    { name: 'hand-written, 1 activity a step', sources: theirSources, run: runTheirs },
  ]
  for (const { name, sources, run } of arms) {
    const [short, long] = lengths
    const counts = {
      short: await promisesIn(sources, await run(short)),
      long: await promisesIn(sources, await run(long)),
    }
    console.log(`${name}: ${((counts.long - counts.short) / (long - short)).toFixed(1)} promises a step`)
  }
} finally {
  await handWritten.stop()
  await stack.stop()
  await instant.stop()
}
