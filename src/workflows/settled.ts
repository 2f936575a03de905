import { condition } from '@temporalio/workflow'

/** Until all has been done that follows from what is known: conditions are looked at once nothing else goes on. */
export function settled(): Promise<void> {
  let looks = 0
  return condition(() => {
    looks += 1
    return looks > 1
  })
}
