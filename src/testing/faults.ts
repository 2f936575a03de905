import { isTerminalStatus } from '../contract/index.ts'
import type { Operation } from './operations.ts'
import { type Answer, type Seen, withoutItems, withRuns } from './seen.ts'

/** What can go wrong with one exchange, as plain data. */
export type Fault =
  /** The connection is cut before the server sees anything. */
  | { kind: 'drop_request' }
  /** The server does it, and then the connection is cut. */
  | { kind: 'drop_answer' }
  /** The server does it at once; the answer comes so much later. */
  | { kind: 'delay_answer'; ms: number }
  /** The client is cut at once; the server gets the request so much later. */
  | { kind: 'deliver_late'; afterMs: number }
  /** The server gets the request a second time, so much later. */
  | { kind: 'duplicate'; afterMs: number }
  /** Answered in the server's place; `isDone` when the server did it all the same; `retryAfter` as it stands in the header. */
  | { kind: 'server_error'; status: number; isDone: boolean; retryAfter?: string }
  /** 429, and the server saw nothing. */
  | { kind: 'rate_limit'; retryAfter?: string }
  /** The server does it; its answer ends in the middle, with a length that says so. */
  | { kind: 'truncated_json' }
  /** A page of HTML with 200. */
  | { kind: 'html'; isDone: boolean }
  /** The server does it; its answer comes a byte at a time. */
  | { kind: 'slow_loris'; byteEveryMs: number }
  /** The server does it; the connection is reset in the middle of its answer. */
  | { kind: 'reset' }
  /** A list without the runs and jobs that were made within so long. */
  | { kind: 'stale_list'; byMs: number }
  /** 404 for a job or run that was made within so long. */
  | { kind: 'not_found'; withinMs: number }
  /** A run that was told to have ended is running again. */
  | { kind: 'status_back' }
  /** A run that is under way has a status that nobody knows. */
  | { kind: 'unknown_status'; status: string }

export type FaultKind = Fault['kind']

/** How an exchange goes; without a fault `straight`. */
export interface Course {
  /** How often the server gets the request. */
  copies: 0 | 1 | 2
  copyAfterMs: number
  /** The client's connection is cut before the server gets anything. */
  isCutFirst: boolean
  forwardAfterMs: number
  answerAfterMs: number
  /** What the client gets for what the server answered, if it did. The same answer means that the fault did not bite. */
  answer: (answer: Answer | undefined) => Answer | undefined
  delivery: 'whole' | 'nothing' | 'truncated' | 'reset' | 'drip'
  byteEveryMs: number
}

export const straight: Course = {
  copies: 1,
  copyAfterMs: 0,
  isCutFirst: false,
  forwardAfterMs: 0,
  answerAfterMs: 0,
  answer: (answer) => answer,
  delivery: 'whole',
  byteEveryMs: 0,
}

/** What a fault may look at. */
export interface Circumstances {
  /** Of the job or run in the path. */
  id: string | undefined
  seen: Seen
  nowMs: () => number
}

/** What a client can stand: the sizes that are drawn from a seed stay within them. */
export interface FaultBounds {
  /** How long the client waits for an answer. */
  timeoutMs: number
  /** The longest time from sending to doing: D. */
  deliveryMs: number
  /** How far a list lags, and how long what was just made is not found: L. */
  listingMs: number
}

interface Kind<F extends Fault> {
  /** undefined where the fault has nothing to bite: then the exchange goes straight. */
  course: (fault: F, circumstances: Circumstances) => Partial<Course> | undefined
  /** The operations that it is drawn for. */
  suits: (operation: Operation) => boolean
  draw: (random: () => number, bounds: FaultBounds) => F
}

const lists: readonly Operation[] = ['listJobRuns', 'listJobs']
const looks: readonly Operation[] = ['getJobRun', 'getJob', 'getLatestRun']
const any = () => true
const pick = <T>(random: () => number, first: T, ...others: T[]): T =>
  [first, ...others][Math.floor(random() * (others.length + 1))] ?? first
const between = (random: () => number, low: number, high: number): number =>
  Math.round(low + random() * (high - low))

const json = (status: number, detail: string, headers: Record<string, string> = {}): Answer => ({
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body: Buffer.from(JSON.stringify({ detail })),
})
const retryAfterHeader = (text: string | undefined): Record<string, string> =>
  text === undefined ? {} : { 'retry-after': text }
const page: Answer = {
  status: 200,
  headers: { 'content-type': 'text/html' },
  body: Buffer.from('<!doctype html><title>Sign in</title><p>Please sign in.</p>'),
}

/** One entry is all that a kind of fault is. */
const kinds: { [K in FaultKind]: Kind<Extract<Fault, { kind: K }>> } = {
  drop_request: {
    course: () => ({ copies: 0, delivery: 'nothing' }),
    suits: any,
    draw: () => ({ kind: 'drop_request' }),
  },
  drop_answer: {
    course: () => ({ delivery: 'nothing' }),
    suits: any,
    draw: () => ({ kind: 'drop_answer' }),
  },
  delay_answer: {
    course: ({ ms }) => ({ answerAfterMs: ms }),
    suits: any,
    draw: (random, { timeoutMs }) => ({
      kind: 'delay_answer',
      ms: timeoutMs + between(random, 50, timeoutMs),
    }),
  },
  deliver_late: {
    course: ({ afterMs }) => ({ isCutFirst: true, forwardAfterMs: afterMs, delivery: 'nothing' }),
    suits: any,
    // The way to the server takes time of its own.
    draw: (random, { deliveryMs }) => ({
      kind: 'deliver_late',
      afterMs: between(random, 0, deliveryMs * 0.8),
    }),
  },
  duplicate: {
    course: ({ afterMs }) => ({ copies: 2, copyAfterMs: afterMs }),
    suits: any,
    draw: (random, { deliveryMs }) => ({ kind: 'duplicate', afterMs: between(random, 0, deliveryMs * 0.8) }),
  },
  server_error: {
    course: ({ status, isDone, retryAfter }) => ({
      copies: isDone ? 1 : 0,
      answer: () => json(status, 'Internal Server Error', retryAfterHeader(retryAfter)),
    }),
    suits: any,
    draw: (random) => ({
      kind: 'server_error',
      status: pick(random, 500, 502, 503, 504),
      isDone: random() < 0.5,
    }),
  },
  rate_limit: {
    course: ({ retryAfter }) => ({
      copies: 0,
      answer: () => json(429, 'Too Many Requests', retryAfterHeader(retryAfter)),
    }),
    suits: any,
    draw: (random) => {
      const retryAfter = pick(random, undefined, '0', '1', 'soon', '-5')
      return { kind: 'rate_limit', ...(retryAfter !== undefined && { retryAfter }) }
    },
  },
  truncated_json: {
    course: () => ({ delivery: 'truncated' }),
    suits: any,
    draw: () => ({ kind: 'truncated_json' }),
  },
  html: {
    course: ({ isDone }) => ({ copies: isDone ? 1 : 0, answer: () => page }),
    suits: any,
    draw: (random) => ({ kind: 'html', isDone: random() < 0.5 }),
  },
  slow_loris: {
    course: ({ byteEveryMs }) => ({ delivery: 'drip', byteEveryMs }),
    suits: any,
    // Slower than the client's patience, whatever the answer's length.
    draw: (_, { timeoutMs }) => ({ kind: 'slow_loris', byteEveryMs: Math.ceil(timeoutMs / 4) }),
  },
  reset: {
    course: () => ({ delivery: 'reset' }),
    suits: any,
    draw: () => ({ kind: 'reset' }),
  },
  stale_list: {
    course: ({ byMs }, { seen, nowMs }) => ({
      answer: (answer) =>
        answer && withoutItems(answer, ({ uuid }) => nowMs() - (seen.madeAtMs.get(String(uuid)) ?? 0) < byMs),
    }),
    suits: (operation) => lists.includes(operation),
    draw: (_, { listingMs }) => ({ kind: 'stale_list', byMs: listingMs }),
  },
  not_found: {
    course: ({ withinMs }, { id, seen, nowMs }) => {
      const madeAtMs = seen.madeAtMs.get(id ?? '')
      if (madeAtMs === undefined || nowMs() - madeAtMs >= withinMs) return undefined
      return { copies: 0, answer: () => json(404, 'Not found') }
    },
    suits: (operation) => looks.includes(operation) || operation === 'cancelJobRun',
    draw: (_, { listingMs }) => ({ kind: 'not_found', withinMs: listingMs }),
  },
  status_back: {
    course: (_, { seen }) => ({
      answer: (answer) =>
        answer &&
        withRuns(answer, (run) =>
          seen.toldEnded.has(run.uuid) && isTerminalStatus(run.status) ? { ...run, status: 'running' } : run,
        ),
    }),
    suits: (operation) => looks.includes(operation) || operation === 'listJobRuns',
    draw: () => ({ kind: 'status_back' }),
  },
  unknown_status: {
    course: ({ status }) => ({
      answer: (answer) =>
        answer && withRuns(answer, (run) => (isTerminalStatus(run.status) ? run : { ...run, status })),
    }),
    suits: (operation) => looks.includes(operation) || operation === 'listJobRuns',
    draw: (random) => ({ kind: 'unknown_status', status: pick(random, 'queued', 'warming_up', 'COMPLETED') }),
  },
}

/** Every kind of fault there is. */
export const faultKinds = Object.keys(kinds) as readonly FaultKind[]

/** How an exchange goes under a fault; undefined where the fault has nothing to bite. */
export function courseOf(fault: Fault, circumstances: Circumstances): Course | undefined {
  const { course } = kinds[fault.kind] as Kind<Fault>
  const differs = course(fault, circumstances)
  return differs && { ...straight, ...differs }
}

export function suits(kind: FaultKind, operation: Operation): boolean {
  return kinds[kind].suits(operation)
}

export function drawFault(kind: FaultKind, random: () => number, bounds: FaultBounds): Fault {
  return kinds[kind].draw(random, bounds)
}
