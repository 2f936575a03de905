/** What an arm is asked to do: so many runs, so many of them at once, each a chain or a fan of steps. Pure but for `runAll`. */
export interface Load {
  shape: 'chain' | 'fan'
  /** Of one run. */
  steps: number
  runs: number
  atOnce: number
  /** How long the job runs take, spread evenly from the first to the last. */
  durationMs: readonly [number, number]
}

export interface Done {
  wallMs: number
  /** By the clock of the machine, in the order in which the runs were told to be over. */
  endedAtMs: number[]
  /** Of the runs, where they have any. */
  ids: string[]
}

/** One run of a load: the durations of its job runs, a step each. */
export type RunOne = (durations: readonly string[], shape: Load['shape']) => Promise<string>

export const stepsOf = ({ steps, runs }: Load): number => steps * runs

/** The durations of each run, in the form that a job config has. */
export function durationsOf({ steps, runs, durationMs: [low, high] }: Load): string[][] {
  const all = steps * runs
  const at = (place: number) => `${Math.round(all === 1 ? low : low + ((high - low) * place) / (all - 1))}ms`
  return Array.from({ length: runs }, (_, run) =>
    Array.from({ length: steps }, (_, step) => at(run * steps + step)),
  )
}

/** The clock that all processes of this machine share, with fractions. */
export const machineClockMs = (): number => performance.timeOrigin + performance.now()

/** Runs a load with so many at once. */
export async function runAll(load: Load, runOne: RunOne): Promise<Done> {
  const waiting = durationsOf(load)
  const endedAtMs: number[] = []
  const ids: string[] = []
  const began = performance.now()
  const lane = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      ids.push(await runOne(next, load.shape))
      endedAtMs.push(machineClockMs())
    }
  }
  await Promise.all(Array.from({ length: Math.min(load.atOnce, load.runs) }, lane))
  return { wallMs: performance.now() - began, endedAtMs, ids }
}
