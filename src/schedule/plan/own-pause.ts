/** The note of a pause of Temporal's schedule that the keeper wrote. Schedules that are there have it: it stays. */
export const ownPauseNote = 'paused by Jobwright'

/** Any pause of Temporal's schedule that the keeper did not write is somebody's by hand. */
export function isPausedByHand({ paused, note }: { paused: boolean; note?: string | undefined }): boolean {
  return paused && note !== ownPauseNote
}
