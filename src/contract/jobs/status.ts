/** Statuses of a job run as the Jobs API names them, and the one table of legal moves between them. */
export const jobRunStatuses = ['pending', 'running', 'paused', 'completed', 'failed', 'cancelled'] as const
export type JobRunStatus = (typeof jobRunStatuses)[number]

/** From each status, the statuses a run may move to on our server. Terminal statuses absorb. */
export const jobRunTransitions = {
  pending: ['running', 'completed', 'failed', 'cancelled'],
  running: ['completed', 'failed', 'cancelled'],
  // Other servers pause runs; ours never does, so nothing leads here.
  paused: ['running', 'completed', 'failed', 'cancelled'],
  completed: [],
  failed: [],
  cancelled: [],
} as const satisfies Record<JobRunStatus, readonly JobRunStatus[]>

export const terminalJobRunStatuses = ['completed', 'failed', 'cancelled'] as const
export type TerminalJobRunStatus = (typeof terminalJobRunStatuses)[number]

/** True for `completed`, `failed` and `cancelled`; an unknown status of another server is not terminal. */
export function isTerminalStatus(status: string): status is TerminalJobRunStatus {
  return (terminalJobRunStatuses as readonly string[]).includes(status)
}
