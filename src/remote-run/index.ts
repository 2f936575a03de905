export { finalError } from './activity-errors.ts'
export { activitiesOf, scheduleToClose } from './activity-options.ts'
export { beginWorkflowTask } from './begin-workflow-task.ts'
export { askDurably, askQuickly, remoteRunIn } from './connection.ts'
export { isTaskLost } from './is-task-lost.ts'
export { lookAtJobRuns } from './look-at-job-runs.ts'
export type {
  OpenJobRun,
  QuickSurroundings,
  RemoteRun,
  RemoteRunRequest,
  RemoteRunTiming,
  RunEnd,
  Surroundings,
  TimeLeft,
  TriggerDecision,
} from './port.ts'
export { readOutputs } from './read-outputs.ts'
export { remainingRun } from './remaining-run.ts'
export { type RunToEnd, runToEnd, stopRefused } from './run-to-end.ts'
export { confirmAdopted, refusal } from './unfenced/adopt.ts'
