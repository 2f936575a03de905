import {
  type JobRunStatus,
  jobRunStatuses,
  jobRunTransitions,
  terminalJobRunStatuses,
} from '../../contract/index.ts'

/** The statuses that a run may leave for `target`: the guard of every status update. */
export function statusesBefore(target: JobRunStatus): JobRunStatus[] {
  return jobRunStatuses.filter((status) =>
    (jobRunTransitions[status] as readonly JobRunStatus[]).includes(target),
  )
}

/** Every status that is not terminal. */
export const activeStatuses: readonly JobRunStatus[] = jobRunStatuses.filter(
  (status) => !(terminalJobRunStatuses as readonly JobRunStatus[]).includes(status),
)
