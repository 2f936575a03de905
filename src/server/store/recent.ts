/** What was read lately, of which each is kept for a while and the oldest make room. */
export interface Recent<T> {
  get(key: string): T | undefined
  set(key: string, value: T): void
  clear(): void
}

/** @param options how many at most, and for how long */
export function createRecent<T>({ size, ageMs }: { size: number; ageMs: number }): Recent<T> {
  const kept = new Map<string, { value: T; untilMs: number }>()
  return {
    get(key) {
      const found = kept.get(key)
      return found && performance.now() < found.untilMs ? found.value : undefined
    },
    set(key, value) {
      // A map keeps the order of insertion: the first is the oldest.
      kept.delete(key)
      if (kept.size >= size) for (const oldest of kept.keys()) if (kept.delete(oldest)) break
      kept.set(key, { value, untilMs: performance.now() + ageMs })
    },
    clear: () => kept.clear(),
  }
}
