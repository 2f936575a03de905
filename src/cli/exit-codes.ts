import { faults } from '../base/errors.ts'

/**
 * What a caller's script learns from the exit code: how a run ended, or whose fault it is that nothing can be said of it.
 * 0 to 5 are the public table; 130 is the shell's own number for "ended by Ctrl-C" (a followed run goes on without us). A defect is never taken for "the run failed".
 */
export const exitCodes = {
  completed: 0,
  failed: 1,
  usage: faults.usage.exitCode,
  unreachable: faults.unreachable.exitCode,
  cancelled: 4,
  held: 5,
  defect: faults.defect.exitCode,
  interrupted: 130,
} as const

/** The exit code that stands for how a pipeline run or job run ended, or that it waits for a person; `undefined` while it goes on. */
export function exitCodeOfStatus(status: string): number | undefined {
  switch (status) {
    case 'completed':
      return exitCodes.completed
    case 'failed':
      return exitCodes.failed
    case 'cancelled':
      return exitCodes.cancelled
    case 'held':
      return exitCodes.held
    default:
      return undefined
  }
}
