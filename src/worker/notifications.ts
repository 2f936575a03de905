import type { WorkerOptions } from '@temporalio/worker'
import { createNotificationActivities } from '../activities/notify/send-notification.ts'
import { messageOf } from '../base/causes.ts'
import { JobwrightError } from '../base/errors.ts'
import { heartbeatIntervalMs } from '../base/heartbeat.ts'
import { findVersion } from '../base/version.ts'
import type { Config } from '../config.ts'
import { installationNames } from '../contract/names.ts'
import type { LoadedUserConfig } from '../job-types/index.ts'
import { readSecret } from '../references/index.ts'
import { allowedTargets } from '../webhooks/targets.ts'
import { callNotificationFunction } from './notification-functions.ts'
import { createSecretKeeper } from './secret-keeper.ts'

/** Of a receiver that is slower the answer is not waited for. */
const webhookMs = 15_000
const functionMs = 30_000

/** The worker that tells receivers: apart from that of pipelines, so that those who do not answer take no place there. */
export function notificationWorker(
  { configFile, installation }: Pick<Config, 'configFile' | 'installation'>,
  { secrets, notificationTargets }: Pick<LoadedUserConfig, 'secrets' | 'notificationTargets'>,
): Omit<WorkerOptions, 'connection' | 'namespace'> {
  const caller = {
    configFile,
    timeoutMs: functionMs,
    graceMs: 1_000,
    // Which of them it has read is not known.
    async mask(text: string) {
      const keeper = createSecretKeeper(secrets)
      await keeper.learn(Object.keys(secrets))
      return keeper.mask(text)
    },
  }
  return {
    taskQueue: installationNames(installation).taskQueues.notifications,
    activities: createNotificationActivities({
      // One that is missing may be added while it is tried: another worker goes on then.
      readSecret: (name) =>
        readSecret(secrets, name).catch((error: unknown) => {
          throw new JobwrightError({ code: 'no_secret', fault: 'unreachable', message: messageOf(error) })
        }),
      allowed: allowedTargets(notificationTargets),
      callFunction: (name, message, signal) => callNotificationFunction(caller, name, message, signal),
      timeoutMs: webhookMs,
      userAgent: `jobwright/${findVersion()}`,
      heartbeatIntervalMs,
    }),
    maxConcurrentActivityTaskExecutions: 32,
    shutdownGraceTime: 500,
  }
}
