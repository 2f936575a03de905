import { workerShutdownMs } from '../contract/index.ts'

/** How long handlers may go on once the stack stops, unless the user said: somebody waits for their prompt. */
export const shutdownGraceMs = 1_500
const spareMs = 3_000

/**
 * How long server and worker may take to end, given their environment: a handler that goes on until it is told to stop
 * and then cleans up is still handed over. Killed before that, its worker would count as lost.
 */
export function drainMsFor(environment: Readonly<Record<string, string | undefined>>): number {
  const graceMs = Number(environment.JOBWRIGHT_SHUTDOWN_GRACE_MS ?? shutdownGraceMs)
  return graceMs + workerShutdownMs.handler + workerShutdownMs.report + spareMs
}

/** When a root whose stack is gone ends in any case: after everything else had its time. */
export function orphanPatienceMs(drainMs: number): number {
  return drainMs + 2_000
}
