import { JobwrightError } from '../../base/errors.ts'

/** Time that passes only when nothing is left to do: whatever waits for an instant comes in its order, at once. */
export interface VirtualClock {
  now(): number
  /** As soon as what is being done is done, in the order of asking. */
  soon(call: () => void): void
  /** At that instant; of one instant in the order of asking, `isLast` after the others. @returns takes it back */
  at(instantMs: number, call: () => void, isLast?: boolean): () => void
  /** Work that runs in real time: until it is over, or waits for an instant, no time passes here. */
  begin(name: string): RealWork
  /** Until it is over, or there is nothing left to do. @throws JobwrightError `handler_stuck`, and what `fail` was given */
  run(isOver: () => boolean): Promise<void>
  /** Ends the run with an error. */
  fail(error: unknown): void
}

export interface RealWork {
  /** It waits for something here. */
  park(): void
  /** It goes on. */
  unpark(): void
  /** Calls once all that runs in real time is over or parked; of several in the order in which they began. */
  end(call: () => void): void
}

interface Timer {
  atMs: number
  isLast: boolean
  seq: number
  call: () => void
}

interface Work {
  name: string
  parked: number
  isOver: boolean
  ended?: (() => void) | undefined
}

/** @param patienceMs how long real work may take before that counts as a mistake */
export function createClock(startMs: number, patienceMs: number): VirtualClock {
  let nowMs = startMs
  let seq = 0
  let failure: { error: unknown } | undefined
  const timers: Timer[] = []
  const calls: (() => void)[] = []
  let works: Work[] = []
  let wake: (() => void) | undefined

  const isBusy = () => works.some(({ parked, isOver }) => parked === 0 && !isOver)
  const look = () => {
    if (!isBusy()) wake?.()
  }
  const before = (a: Timer, b: Timer) =>
    a.atMs - b.atMs || Number(a.isLast) - Number(b.isLast) || a.seq - b.seq

  async function untilQuiet(): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined
    await new Promise<void>((resolve, reject) => {
      wake = resolve
      timer = setTimeout(() => reject(stuck(works, patienceMs)), patienceMs)
      look()
    }).finally(() => clearTimeout(timer))
    wake = undefined
  }

  function deliverEnds(): void {
    const ended = works.flatMap(({ ended: call }) => call ?? [])
    works = works.filter(({ isOver }) => !isOver)
    calls.push(...ended)
  }

  return {
    now: () => nowMs,
    soon: (call) => void calls.push(call),
    at(instantMs, call, isLast = false) {
      const timer = { atMs: Math.max(instantMs, nowMs), isLast, seq: seq++, call }
      const later = timers.findIndex((other) => before(timer, other) < 0)
      timers.splice(later < 0 ? timers.length : later, 0, timer)
      return () => {
        const index = timers.indexOf(timer)
        if (index >= 0) timers.splice(index, 1)
      }
    },
    begin(name) {
      const work: Work = { name, parked: 0, isOver: false }
      works.push(work)
      return {
        park() {
          work.parked += 1
          look()
        },
        unpark() {
          work.parked -= 1
        },
        end(call) {
          work.isOver = true
          work.ended = call
          look()
        },
      }
    },
    async run(isOver) {
      for (;;) {
        for (let call = calls.shift(); call && !failure; call = calls.shift()) call()
        if (failure) throw failure.error
        if (isBusy()) await untilQuiet()
        deliverEnds()
        if (calls.length > 0 || failure) continue
        if (isOver()) return
        const next = timers.shift()
        if (!next) return
        nowMs = next.atMs
        next.call()
      }
    },
    fail(error) {
      failure ??= { error }
    },
  }
}

function stuck(works: readonly Work[], patienceMs: number): JobwrightError {
  const names = works.flatMap(({ name, parked, isOver }) => (parked === 0 && !isOver ? [name] : []))
  return new JobwrightError({
    code: 'handler_stuck',
    fault: 'usage',
    message: `${names.join(', ')}: the handler did not end within ${patienceMs} ms of real time`,
    fix: "let it return, and say how long it takes with `await sleep('5m')` of its context or takes('5m'): in memory time is virtual; hangs() never ends",
  })
}
