import {
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  condition,
  continueAsNew,
  defineSignal,
  executeChild,
  isCancellation,
  setHandler,
  sleep,
} from '@temporalio/workflow'
import { type RunJobOptions, runJob, secret } from '../../src/public/workflow.ts'

/** Workflows as users write them. */

type Config = Record<string, never>

export async function one(options: RunJobOptions & { jobType: string; config: Config }) {
  return runJob(options)
}

const nap = (step: string, duration: string) => runJob({ step, jobType: 'sleep', config: { duration } })

/** Of a run that lasts until this file exists. */
const heldBy = (file: string) => ({ jobType: 'held', config: { file } })

/** Twice the same name, at once. */
export async function parallel(duration: string) {
  return Promise.all([nap('same', duration), nap('same', duration), nap('a/b %', duration)])
}

const told = defineSignal('told')

/** What becomes of a run in a scope that ends before it. */
export async function scopes(how: 'timeout' | 'cancel' | 'shielded' | 'race', file = '') {
  const outcome = (work: Promise<unknown>) =>
    work.then(
      () => 'completed',
      (error: unknown) => (isCancellation(error) ? 'cancelled' : String(error)),
    )
  if (how === 'timeout') return outcome(CancellationScope.withTimeout('10 seconds', () => nap('only', '1h')))
  if (how === 'cancel') {
    let isTold = false
    setHandler(told, () => {
      isTold = true
    })
    const scope = new CancellationScope()
    const work = outcome(scope.run(() => nap('only', '1h')))
    await condition(() => isTold)
    scope.cancel()
    return work
  }
  if (how === 'race')
    return Promise.race([nap('only', '2500ms'), sleep('1 second')]).then((won) => won ?? 'timer')
  return CancellationScope.nonCancellable(() => outcome(runJob({ step: 'only', ...heldBy(file) })))
}

export async function parent(duration: string) {
  return executeChild(one, {
    args: [{ step: 'only', jobType: 'sleep', config: { duration } as unknown as Config }],
    cancellationType: 'WAIT_CANCELLATION_COMPLETED',
  })
}

/** Goes on as new in the middle of a run, once told. */
export async function chain(options: {
  key?: string
  duration?: string
  /** In place of the duration: the run lasts until it exists. */
  file?: string
  link?: number
}): Promise<unknown> {
  const { key, duration = '1ms', file, link = 0 } = options
  const work = file === undefined ? { jobType: 'sleep', config: { duration } } : heldBy(file)
  let isTold = false
  setHandler(told, () => {
    isTold = true
  })
  const run = runJob({ step: 'only', ...work, ...(key ? { key } : {}) })
  run.catch(() => {})
  if (link === 0) {
    await condition(() => isTold)
    if (!key) await run
    await continueAsNew<typeof chain>({ ...options, link: 1 })
  }
  return run
}

/** After its run something else goes wrong, until somebody resets it. */
export async function two(duration: string) {
  const first = await nap('first', duration)
  let isTold = false
  setHandler(told, () => {
    isTold = true
  })
  await condition(() => isTold)
  return [first, await nap('second', '1ms')]
}

/** As whoever writes a pipeline with retries and a time-out of their own. */
export async function caught(options: RunJobOptions & { jobType: string; config: Config }) {
  try {
    return await runJob(options)
  } catch (error) {
    if (error instanceof ApplicationFailure)
      return { type: error.type, message: error.message, details: error.details }
    if (error instanceof CancelledFailure) return 'cancelled'
    throw error
  }
}

export async function withSecret() {
  return runJob({
    step: 'secret',
    connection: 'foreign',
    jobType: 'work',
    config: { duration_ms: 10, token: secret('TOKEN') },
  })
}
