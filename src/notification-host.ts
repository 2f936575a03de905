import { parentPort, workerData } from 'node:worker_threads'
import { messageOf } from './base/causes.ts'
import { loadUserConfig } from './job-types/index.ts'
import type { FromNotificationHost, NotificationHostData } from './worker/notification-functions.ts'

/** Composition root of a thread that calls one function of the user's once. Its worker ends it. */
const { configFile, name, message } = workerData as NotificationHostData
const answer = (said: FromNotificationHost) => parentPort?.postMessage(said)
const stop = new AbortController()
parentPort?.once('message', () => stop.abort(new Error('its time is over')))
try {
  const { notifications } = await loadUserConfig(configFile, process.cwd())
  const call = Object.hasOwn(notifications, name) ? notifications[name] : undefined
  if (call) {
    await call(message, { signal: stop.signal })
    answer({ kind: 'done' })
  } else answer({ kind: 'unknown' })
} catch (error) {
  answer({ kind: 'failed', message: messageOf(error) })
}
