/** The public surface of `jobwright/worker`: what a worker of your own needs for `runJob`. */
export type { ConnectionOptions, Connections, SecretSource, Secrets } from '../job-types/index.ts'
export {
  type JobwrightActivities,
  type JobwrightActivitiesOptions,
  jobwrightActivities,
  type WorkerLog,
} from '../worker/run-job.ts'
