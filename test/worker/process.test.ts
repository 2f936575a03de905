import { ApplicationFailure } from '@temporalio/common'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { temporalLogger } from '../../src/worker/process.ts'

/** What our log has, of what the SDK and our workflows say. */
function logged(level: string, say: (logger: ReturnType<typeof temporalLogger>) => void): object[] {
  const lines: object[] = []
  const log = pino(
    { level, base: null, timestamp: false },
    { write: (line) => void lines.push(JSON.parse(line)) },
  )
  say(temporalLogger(log))
  return lines
}

const notFound =
  'Activity not found on completion. This may happen if the activity has already been cancelled but completed anyway.'

test('what the SDK says is on our log, and what is a part of how we work is no warning', () => {
  const say = (logger: ReturnType<typeof temporalLogger>) => {
    logger.warn(notFound, { sdkComponent: 'core', details: 'x' })
    logger.info('Worker state changed', { sdkComponent: 'worker', state: 'RUNNING' })
    logger.warn('Network error while completing activity', { sdkComponent: 'core', error: 'y' })
    logger.error('Workflow bundle failed', { sdkComponent: 'worker' })
    logger.debug('more', { sdkComponent: 'worker' })
  }
  expect(logged('info', say)).toEqual([
    { level: 40, sdk: { sdkComponent: 'core', error: 'y' }, msg: 'Network error while completing activity' },
    { level: 50, sdk: { sdkComponent: 'worker' }, msg: 'Workflow bundle failed' },
  ])
  expect(logged('debug', say).map((line) => (line as { level: number }).level)).toEqual([20, 20, 40, 50, 20])
})

test('an attempt that failed has its message, and is no warning when its worker only stops', () => {
  const failed = (type: string) => ApplicationFailure.create({ message: 'no paper', type })
  const lines = logged('info', (logger) => {
    logger.warn('Activity failed', { error: failed('worker_shutdown'), taskToken: 'x' })
    logger.warn('Activity failed', { error: failed('jam'), taskToken: 'x' })
  })
  const error = { name: 'ApplicationFailure', message: 'no paper', type: 'jam' }
  expect(lines).toEqual([{ level: 40, sdk: { error }, msg: 'Activity failed' }])
})

test('what our workflows say is ours, without what the SDK adds', () => {
  const meta = {
    sdkComponent: 'workflow',
    workflowId: 'w',
    runId: 'r',
    namespace: 'n',
    taskQueue: 't',
    workflowType: 'p',
  }
  expect(
    logged('info', (logger) => logger.info('step ended', { ...meta, step: 'nap', status: 'completed' })),
  ).toEqual([{ level: 30, step: 'nap', status: 'completed', msg: 'step ended' }])
})
