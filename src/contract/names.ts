/** Names that histories and other processes rely on: change none of them without a migration. */
export const taskQueues = { pipelines: 'jobwright', jobRuns: 'jobwright-jobs' } as const
export const workflowTypes = { runPipeline: 'runPipeline', watchChanges: 'watchChanges' } as const
export const activityTypes = { executeJobRun: 'executeJobRun' } as const
export const queryNames = { progress: 'progress' } as const
export const signalNames = { endCleanup: 'endCleanup' } as const
/** Of a pipeline run: the workspace and the email of whoever started it. Temporal finds runs by them; they are Keywords. */
export const searchAttributes = { workspace: 'JobwrightWorkspace', owner: 'JobwrightOwner' } as const

/** One watcher of the change feed per connection. */
export function watcherWorkflowId(connection: string): string {
  return `jobwright-watcher-${connection}`
}
