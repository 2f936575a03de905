/** The public surface of `jobwright/worker`: what a worker of your own needs for `runJob`. */
import { loadConfig } from '../config.ts'
import { findWorkerEnvironment, type WorkerEnvironment } from '../connect/worker-environment.ts'

export type { WorkerEnvironment } from '../connect/worker-environment.ts'
export type { ConnectionOptions, Connections, SecretSource, Secrets } from '../job-types/index.ts'
export {
  type JobwrightActivities,
  type JobwrightActivitiesOptions,
  jobwrightActivities,
  type WorkerLog,
} from '../worker/run-job.ts'

/**
 * Where Temporal and the default Jobs API are, as the environment says (`TEMPORAL_*`, `JOBS_API_URL`, `JOBS_API_TOKEN`), else the stack
 * that `jobwright dev` runs in this folder.
 * @throws JobwrightError `no_temporal`, `no_jobs_api`, `no_token`, `bad_environment`
 */
export function workerEnvironment(): Promise<WorkerEnvironment> {
  return findWorkerEnvironment(loadConfig())
}
