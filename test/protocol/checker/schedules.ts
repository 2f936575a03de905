/** All ways that things can go: a piece of code that asks at each fork is run once for every way through it. */

export interface Forks {
  /** One of `options`; every one of them has its turn. */
  pick<T>(options: readonly T[]): T
  /** As `pick`, where an option stands for several that lead to the same. */
  pickWeighted<T>(options: readonly (readonly [T, number])[]): T
}

export interface Enumerated {
  /** Ways that were gone. */
  runs: number
  /** Ways that they stand for. */
  schedules: number
}

/** Runs `way` for every way through its forks, depth first. */
export function enumerate(way: (forks: Forks, weight: () => number) => void): Enumerated {
  const taken: number[] = []
  const sizes: number[] = []
  let runs = 0
  let schedules = 0
  for (;;) {
    let depth = 0
    let weight = 1
    const choose = (size: number): number => {
      if (depth === taken.length) {
        taken.push(0)
        sizes.push(size)
      }
      if (sizes[depth] !== size) throw new Error('the code under enumeration is not deterministic')
      return taken[depth++] ?? 0
    }
    const pick = <T>(options: readonly T[]): T => {
      if (options.length === 0) throw new Error('a fork without a way')
      return options[options.length === 1 ? 0 : choose(options.length)] as T
    }
    const forks: Forks = {
      pick,
      pickWeighted(options) {
        const [value, times] = pick(options)
        weight *= times
        return value
      },
    }
    way(forks, () => weight)
    runs += 1
    schedules += weight
    // The next way: the last fork that has an option left takes it.
    while (taken.length > 0 && (taken.at(-1) ?? 0) + 1 >= (sizes.at(-1) ?? 0)) {
      taken.pop()
      sizes.pop()
    }
    if (taken.length === 0) return { runs, schedules }
    taken[taken.length - 1] = (taken.at(-1) ?? 0) + 1
  }
}
