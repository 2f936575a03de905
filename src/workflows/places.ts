import type { Line } from './line.ts'

/** A bounded number of places, each taken until it is given back; whoever waits longest gets the next one. */
export interface Places {
  /**
   * Takes a place: undefined when there is one, else a promise of it.
   * `reentry`: what was there before goes on at once, even beyond the limit.
   */
  take(reentry: boolean): Promise<void> | undefined
  giveBack(): void
}

export function createPlaces(limit: number, line: Line): Places {
  let taken = 0
  return {
    take(reentry) {
      if (!reentry && taken >= limit) return line.join()
      taken += 1
      return undefined
    },
    giveBack() {
      // Handed over rather than freed, so that nobody comes between and nobody is woken in vain.
      if (taken > limit || !line.serve()) taken -= 1
    },
  }
}
