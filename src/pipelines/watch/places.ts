/** So many may do something at once; the others wait for their turn, in order. */
export interface Places {
  /** False when the signal aborts first. */
  take(signal: AbortSignal): Promise<boolean>
  giveBack(): void
}

export function createPlaces(limit: number): Places {
  let free = limit
  const waiting = new Set<() => void>()
  return {
    take(signal) {
      if (signal.aborted) return Promise.resolve(false)
      if (free > 0) {
        free -= 1
        return Promise.resolve(true)
      }
      return new Promise((resolve) => {
        const enter = () => {
          signal.removeEventListener('abort', leave)
          resolve(true)
        }
        const leave = () => {
          waiting.delete(enter)
          resolve(false)
        }
        waiting.add(enter)
        signal.addEventListener('abort', leave, { once: true })
      })
    },
    giveBack() {
      const [next] = waiting
      if (!next) {
        free += 1
        return
      }
      waiting.delete(next)
      next()
    },
  }
}
