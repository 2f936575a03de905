/** A bounded number of places, each taken until it is given back. */
export interface Slots {
  /** Waits until a place is free, and takes it. `reentry`: what was there before goes on at once, even beyond the limit. */
  take(reentry: boolean): Promise<void>
  giveBack(): void
}

/** `wait` resolves when its condition holds; all who wait for the same may be told at once, so each looks again. */
export function createSlots(limit: number, wait: (holds: () => boolean) => Promise<void>): Slots {
  let taken = 0
  return {
    async take(reentry) {
      while (!reentry && taken >= limit) await wait(() => taken < limit)
      taken += 1
    },
    giveBack() {
      taken -= 1
    },
  }
}
