import { AsyncLocalStorage } from 'node:async_hooks'
import { setImmediate as turnOfLoop } from 'node:timers/promises'
import { JobwrightError } from '../../base/errors.ts'
import { createTurns, type Rank } from './turns.ts'

/** Refused before anything was done: to be sent again after a while. */
export class Overloaded extends JobwrightError {
  override readonly name = 'Overloaded'
  readonly retryAfterMs: number

  constructor(retryAfterMs: number) {
    super({
      code: 'overloaded',
      fault: 'unreachable',
      message: 'there are more requests than can be answered in time',
      fix: 'ask again after `Retry-After`',
    })
    this.retryAfterMs = retryAfterMs
  }
}

/** What an operator sees of it. */
export interface Load {
  /** Whether requests were refused in the last seconds. */
  refusing: boolean
  /** Requests at work, without those that wait for a change. */
  working: number
  /** As many may work at a time now. */
  limit: number
  /** Requests that wait for their turn. */
  queued: number
  /** Requests that were refused since the start. */
  refused: number
}

/** Lets requests in as fast as what they need keeps up with them, and refuses in time what would come too late. */
export interface Admission {
  /**
   * Does the work when its turn has come.
   * @param gone aborts when nobody waits for the answer any more: then the work is not begun
   * @throws Overloaded when that would take too long
   */
  admit<T>(rank: Rank, gone: AbortSignal, work: () => Promise<T>): Promise<T>
  /**
   * Says no as `admit` would, and counts nothing: for work whose time is spent elsewhere.
   * @throws Overloaded
   */
  check(rank: Rank): void
  load(): Load
}

export interface AdmissionOptions {
  /** How long clients wait for an answer. Whoever is let in is answered within a share of it. */
  clientTimeoutMs: number
  /** Told when refusing begins, and when it is over. @default nobody */
  onChange?: ((load: Load) => void) | undefined
  /** @default Math.random */
  random?: (() => number) | undefined
}

/** Of a client's time: how long a request may wait for its turn. Reports are refused last. */
const queueShares: Readonly<Record<Rank, number>> = { report: 0.4, follow: 0.3, rest: 0.2 }
/** Of a client's time: a request that works for longer shows that too many work at a time. */
const workShare = 0.05
/** Without a refusal for so long, it is over. */
const calmMs = 5_000

/** How long one that was let in waits at most until no others come. */
const hearingMs = 100

/** What a request that was let in holds. */
interface Place {
  giveBack(): void
  takeAgain(): Promise<void>
}

/** Beside the calls: what waits stands deep below what was let in. */
const places = new AsyncLocalStorage<Place>()

/**
 * Awaits what holds nothing, such as a change: if a request waits, its place is another's meanwhile, and it gets one back before
 * anything new does. It keeps the place for `graceMs`, for what comes at once as a rule.
 */
export async function holdingNothing<T>(wait: Promise<T>, graceMs = 0): Promise<T> {
  const place = places.getStore()
  if (place === undefined || (graceMs > 0 && (await isOverWithin(graceMs, wait)))) return wait
  place.giveBack()
  try {
    return await wait
  } finally {
    await place.takeAgain()
  }
}

async function isOverWithin(ms: number, promise: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), ms)
  })
  const isOver = () => true
  return Promise.race([promise.then(isOver, isOver), late]).finally(() => clearTimeout(timer))
}

/**
 * So many requests work at a time as are quick: a limit that follows their time as TCP's window follows losses, a little more after each
 * that is quick, a quarter less when one is slow. Before it is a queue by ranks. Refused is what would wait too long behind it, or has.
 */
export function createAdmission({
  clientTimeoutMs,
  onChange = () => undefined,
  random = Math.random,
}: AdmissionOptions): Admission {
  const now = () => performance.now()
  const turns = createTurns({ slowMs: clientTimeoutMs * workShare, now, random })
  let arrivals = 0
  let refused = 0
  let calm: NodeJS.Timeout | undefined
  const load = (): Load => ({ refusing: calm !== undefined, ...turns.state(), refused })

  const refusal = (waitedMs: number): Overloaded => {
    refused += 1
    const isFirst = calm === undefined
    clearTimeout(calm)
    calm = setTimeout(() => {
      calm = undefined
      onChange(load())
    }, calmMs).unref()
    if (isFirst) onChange(load())
    return new Overloaded(turns.comeBackMs(waitedMs))
  }
  /**
   * The embedded database works without a turn of the event loop, and a new connection takes some of them until its request is read: what
   * came meanwhile would be heard of too late to be refused in time.
   */
  async function allHeard(): Promise<void> {
    const untilMs = now() + hearingMs
    for (let heard = -1; heard !== arrivals && now() < untilMs; await turnOfLoop()) heard = arrivals
  }
  const patienceMs = (rank: Rank) => clientTimeoutMs * queueShares[rank]
  const check = (rank: Rank) => {
    if (turns.expectedMs(rank) > patienceMs(rank)) throw refusal(0)
  }
  return {
    check,
    load,
    async admit(rank, gone, work) {
      arrivals += 1
      check(rank)
      const cameAt = now()
      const turn = await turns.wait(rank, { patienceMs: patienceMs(rank), gone })
      if (turn === 'late') throw refusal(now() - cameAt)
      // Nobody reads what it is told.
      if (turn === 'gone') throw new Overloaded(0)
      const beganAt = now()
      await allHeard()
      let workedMs = 0
      let since: number | undefined = beganAt
      const place: Place = {
        giveBack() {
          if (since === undefined) return
          workedMs += now() - since
          since = undefined
          turns.release()
        },
        async takeAgain() {
          await turns.again(rank)
          since = now()
        },
      }
      try {
        return await places.run(place, work)
      } finally {
        place.giveBack()
        turns.learn({ beganAt, workedMs })
      }
    },
  }
}
