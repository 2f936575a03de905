import { inRound } from '../../base/abort.ts'
import { holdingNothing } from './admission.ts'

/** Ends a wait early: the caller went away, or the server is closing. */
export interface WaitBounds {
  waitSeconds: number
  signals: readonly AbortSignal[]
}

/**
 * Looks again and again until `look` finds something, the time is up, or a signal says stop; then the last look's result.
 * How long a look is trusted when nothing is heard is for `listen` to say, which may end early.
 * Listens before it looks, so that a change between the two is not missed. Leaves no timer and no listener behind.
 */
export async function lookUntil<T>(
  bounds: WaitBounds,
  listen: (timeoutMs: number, signal: AbortSignal) => Promise<void>,
  look: () => Promise<{ found: boolean; value: T }>,
): Promise<T> {
  const deadline = performance.now() + bounds.waitSeconds * 1000
  for (;;) {
    const remainingMs = deadline - performance.now()
    const stopped = bounds.signals.some((signal) => signal.aborted)
    if (remainingMs <= 0 || stopped) return (await look()).value
    const { found, value } = await inRound(bounds.signals, async (round) => {
      // Timers count whole milliseconds and may be early by one: a look more at the end would tell nothing new.
      const change = listen(Math.ceil(remainingMs) + 1, round)
      // Its failure is heard below; until then it must not count as unhandled.
      change.catch(() => undefined)
      const seen = await look()
      if (!seen.found) await holdingNothing(change)
      return seen
    })
    if (found) return value
  }
}
