import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { messageOf } from '../base/causes.ts'
import { JobwrightError } from '../base/errors.ts'
import type { NotificationMessage } from '../job-types/index.ts'

/** What the thread is told at its start. */
export interface NotificationHostData {
  /** A user's `jobwright.config.ts`; undefined: the one in the working directory. */
  configFile: string | undefined
  name: string
  message: NotificationMessage
}

export type FromNotificationHost =
  | { kind: 'done' }
  | { kind: 'unknown' }
  | { kind: 'failed'; message: string }

export interface FunctionCaller {
  configFile: string | undefined
  /** Then its signal aborts. */
  timeoutMs: number
  /** From then on until it is ended by force. */
  graceMs: number
  /** Keeps secrets out of what it throws. */
  mask(text: string): Promise<string>
}

const longestMessage = 500

/**
 * Calls a function of the user's configuration in a thread of its own, which ends with the call: whatever it does to itself (a loop without
 * end, `process.exit`, all memory) happens there.
 * @throws JobwrightError `unknown_notification`, `notification_failed`, `notification_timeout`; all may pass
 */
export async function callNotificationFunction(
  { configFile, timeoutMs, graceMs, mask }: FunctionCaller,
  name: string,
  message: NotificationMessage,
  signal: AbortSignal,
): Promise<void> {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  const entry = fileURLToPath(new URL(`../notification-host.${extension}`, import.meta.url))
  const workerData: NotificationHostData = { configFile, name, message }
  const thread = new Worker(entry, { workerData, resourceLimits: { maxOldGenerationSizeMb: 256 } })
  const { promise, resolve } = Promise.withResolvers<FromNotificationHost | 'timeout'>()
  thread.once('message', resolve)
  thread.once('error', (error) => resolve({ kind: 'failed', message: messageOf(error) }))
  thread.once('exit', () => resolve({ kind: 'failed', message: 'it ended its process' }))
  let grace: NodeJS.Timeout | undefined
  const stop = () => {
    thread.postMessage('stop')
    grace ??= setTimeout(() => resolve('timeout'), graceMs)
  }
  if (signal.aborted) stop()
  const limit = setTimeout(stop, timeoutMs)
  signal.addEventListener('abort', stop, { once: true })
  try {
    await judge(name, await promise, mask, timeoutMs)
  } finally {
    clearTimeout(limit)
    clearTimeout(grace)
    signal.removeEventListener('abort', stop)
    await thread.terminate()
  }
}

async function judge(
  name: string,
  said: FromNotificationHost | 'timeout',
  mask: FunctionCaller['mask'],
  timeoutMs: number,
): Promise<void> {
  const failed = (code: string, message: string) =>
    new JobwrightError({ code, fault: 'unreachable', message })
  if (said === 'timeout')
    throw failed('notification_timeout', `the function ${name} was not done within ${timeoutMs} ms`)
  switch (said.kind) {
    case 'done':
      return
    case 'unknown':
      throw failed(
        'unknown_notification',
        `this worker has no notification ${name}; add it to notifications in its jobwright.config.ts, and start it again`,
      )
    case 'failed':
      throw failed(
        'notification_failed',
        `the function ${name} failed: ${(await mask(said.message)).slice(0, longestMessage)}`,
      )
  }
}
