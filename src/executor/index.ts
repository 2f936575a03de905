export type { ExecuteJobRunDependencies, WorkerLog } from './attempt.ts'
export { createExecuteJobRun } from './execute-job-run.ts'
