/** A bounded number of places, each taken until it is given back. */
export interface Slots {
  /**
   * Takes a place: undefined once it is taken, else what to wait for before asking again.
   * `reentry`: what was there before goes on at once, even beyond the limit.
   */
  take(reentry: boolean): Promise<void> | undefined
  giveBack(): void
}

/** `wait` resolves when its condition holds; all who wait for the same may be told at once, so each asks again. */
export function createSlots(limit: number, wait: (holds: () => boolean) => Promise<void>): Slots {
  let taken = 0
  return {
    take(reentry) {
      if (!reentry && taken >= limit) return wait(() => taken < limit)
      taken += 1
      return undefined
    },
    giveBack() {
      taken -= 1
    },
  }
}
