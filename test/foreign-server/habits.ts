import { gzipSync } from 'node:zlib'
import type { Call, Endpoint, Job, Reply, Run, Status } from './types.ts'

/**
 * The habits that servers have. A habit is one entry of the table below: its value when it is off, and what it changes. All are off at first,
 * each is independent of the others, and they take part in the order of the table.
 */

export type View = Record<string, unknown>

export interface Page<T extends Job | Run> {
  items: readonly T[]
  /** As the items' number when undefined. */
  count: number | undefined
  /** How many fit the filters, and how many there are at all. */
  matching: number
  total: number
}

export interface CancelPlan {
  /** Never, when undefined. */
  effectAfterMs: number | undefined
  answer: Reply
}

interface Hooks<V> {
  /** Answers in the place of everything else. */
  instead?: (value: V, call: Call) => Reply | undefined
  /** The query as it is obeyed. */
  filters?: (value: V, query: URLSearchParams) => URLSearchParams
  /** The instant that a list is of. */
  listedAt?: (value: V, nowMs: number) => number
  list?: <T extends Job | Run>(value: V, page: Page<T>) => Page<T>
  /** Whether it can be asked for by its id. */
  isVisible?: (value: V, thing: Job | Run, nowMs: number) => boolean
  status?: (value: V, status: string, run: Run, nowMs: number) => string
  /** The clock that timestamps are of. */
  clock?: (value: V, atMs: number) => number
  timestamp?: (value: V, text: string) => string
  view?: (value: V, view: View, thing: Job | Run) => View
  newId?: (value: V, serial: number, uuid: string) => string
  cancel?: (value: V, plan: CancelPlan, run: Run, status: Status) => CancelPlan
  error?: (value: V, reply: Reply, detail: string) => Reply
  /** Whatever is answered, on its way out; true stands for compressed bytes. */
  answer?: (value: V, reply: Reply, call: Call) => Reply
  delayBeforeMs?: (value: V, endpoint: Endpoint) => number
  delayAfterMs?: (value: V, endpoint: Endpoint) => number
  encode?: (value: V, body: string) => { bytes: Buffer; headers: Record<string, string> }
}

interface Habit<V> extends Hooks<V> {
  off: V
}

function habit<V>(off: V, hooks: Hooks<V>): Habit<V> {
  return { off, ...hooks }
}

export const page =
  '<!doctype html><html><head><title>Atlas</title></head><body><div id="root"></div></body></html>'
const html = (status: number): Reply => ({ status, text: page, headers: { 'content-type': 'text/html' } })
const plain = (status: number, text: string): Reply => ({
  status,
  text,
  headers: { 'content-type': 'text/plain' },
})
const ends: readonly string[] = ['completed', 'failed', 'cancelled']
type Delays = Partial<Record<Endpoint, number>>

const table = {
  // Who may ask.
  /** The only token that counts from now on: the one before has expired. */
  token: habit<string | undefined>(undefined, {
    instead: (token, call) =>
      call.token === token ? undefined : { status: 401, json: { detail: 'Token has expired' } },
  }),

  // How it answers at all.
  capabilities: habit<'absent' | 'html' | number>('absent', {
    instead: (value, { endpoint }) => {
      if (endpoint !== 'capabilities') return undefined
      return typeof value === 'number' ? { status: value, json: { detail: `HTTP ${value}` } } : html(200)
    },
  }),
  /** These answer a page of HTML with 200, and do nothing. */
  html: habit<readonly Endpoint[]>([], {
    instead: (endpoints, { endpoint }) => (endpoints.includes(endpoint) ? html(200) : undefined),
  }),
  /** These answer a page of HTML with 200, and do what they were asked for. */
  htmlAfter: habit<readonly Endpoint[]>([], {
    answer: (endpoints, reply, { endpoint }) => (endpoints.includes(endpoint) ? html(200) : reply),
  }),
  /** These send elsewhere, once: to the same origin, or to the same server under another name. */
  redirect: habit<{ endpoints: readonly Endpoint[]; status: number; to: 'same' | 'other' } | undefined>(
    undefined,
    {
      instead: (value, { endpoint, path, query, origin }) => {
        if (!value?.endpoints.includes(endpoint) || query.has('moved')) return undefined
        const target = new URL(path, value.to === 'same' ? origin : origin.replace('127.0.0.1', 'localhost'))
        for (const [name, text] of query) target.searchParams.append(name, text)
        target.searchParams.set('moved', '1')
        return { status: value.status, headers: { location: target.href } }
      },
    },
  ),
  /** Does what it was asked for later than it took the request, also for a client that has gone. */
  slowCommitMs: habit<Delays>({}, { delayBeforeMs: (delays, endpoint) => delays[endpoint] ?? 0 }),
  /** Answers later than it did it. */
  slowAnswerMs: habit<Delays>({}, { delayAfterMs: (delays, endpoint) => delays[endpoint] ?? 0 }),
  errors: habit<'detail' | 'validation' | 'message' | 'problem' | 'text' | 'html' | 'empty'>('detail', {
    error: (form, reply, detail) => {
      switch (form) {
        case 'validation':
          return { ...reply, json: { detail: [{ loc: ['body'], msg: detail, type: 'value_error' }] } }
        case 'message':
          return { ...reply, json: { error: { message: detail } } }
        case 'problem':
          return { ...reply, json: { type: 'about:blank', title: detail, status: reply.status } }
        case 'text':
          return plain(reply.status, detail)
        case 'html':
          return html(reply.status)
        case 'empty':
          return { status: reply.status }
        default:
          return reply
      }
    },
  }),
  gzip: habit(false, {
    encode: (_, body) => ({ bytes: gzipSync(body), headers: { 'content-encoding': 'gzip' } }),
  }),

  // How jobs and runs look.
  timestamps: habit<'naive' | 'zoned' | 'offset'>('naive', {
    timestamp: (form, text) => (form === 'zoned' ? `${text}Z` : `${text}+00:00`),
  }),
  clockOffMs: habit(0, { clock: (off, atMs) => atMs + off }),
  extraFields: habit(false, {
    view: (_, view) => ({ ...view, org: { id: 7 }, tags: [], progress: 0.5, links: { self: '/' } }),
  }),
  missingFields: habit<readonly string[]>([], {
    view: (names, view) => Object.fromEntries(Object.entries(view).filter(([name]) => !names.includes(name))),
  }),
  /** What is answered as a run's config. */
  configEcho: habit<'full' | 'empty' | 'none'>('full', {
    view: (echo, { config, ...view }, { kind }) => {
      if (kind === 'job') return { ...view, config }
      return echo === 'empty' ? { ...view, config: {} } : view
    },
  }),
  /** Of what is made from now on. Numbers are whole ones beyond 2^53. */
  ids: habit<'uuid' | 'text' | 'number'>('uuid', {
    newId: (form, serial) =>
      form === 'text' ? `id:${serial}~x` : String(9007199254740993n + BigInt(serial)),
    view: (form, view) =>
      form === 'text'
        ? view
        : Object.fromEntries(
            Object.entries(view).map(([name, value]) => [
              name,
              name === 'uuid' || name === 'job_id' ? Number(value) : value,
            ]),
          ),
  }),
  /** Other names of statuses: `{ pending: 'queued' }`. */
  statusNames: habit<Readonly<Record<string, string>>>(
    {},
    { status: (names, status) => names[status] ?? status },
  ),
  /** An ended run shows as running again, for a while. */
  terminalGoesBack: habit<{ afterMs: number; forMs: number } | undefined>(undefined, {
    status: (value, status, run, nowMs) => {
      const last = run.history.at(-1)
      if (!value || !last || !ends.includes(last.status)) return status
      const sinceMs = nowMs - last.atMs
      return sinceMs >= value.afterMs && sinceMs < value.afterMs + value.forMs ? 'running' : status
    },
  }),
  outputReferences: habit<'objects' | 'strings' | 'nested'>('objects', {
    view: (form, view) => {
      const { output_references: outputs } = view
      if (!Array.isArray(outputs)) return view
      const strings = outputs.map((output) => JSON.stringify(output))
      return { ...view, output_references: form === 'strings' ? strings : [[{ group: outputs }], null, 1.5] }
    },
  }),

  // What can be seen when.
  /** A job answers 404 for so long after it was made, also to who triggers it. */
  jobInvisibleMs: habit(0, {
    isVisible: (ms, thing, nowMs) => thing.kind !== 'job' || nowMs - thing.createdAtMs >= ms,
  }),
  runInvisibleMs: habit(0, {
    isVisible: (ms, thing, nowMs) => thing.kind !== 'run' || nowMs - thing.createdAtMs >= ms,
  }),
  /** Lists show what was there so long ago. */
  listLagMs: habit(0, { listedAt: (ms, nowMs) => nowMs - ms }),
  ignoredFilters: habit<readonly string[]>([], {
    filters: (names, query) => {
      const obeyed = new URLSearchParams(query)
      for (const name of names) obeyed.delete(name)
      return obeyed
    },
  }),
  listOrder: habit<'newest' | 'oldest' | 'mixed'>('newest', {
    list: (order, all) => {
      // Neither one nor the other, whatever the ids are: those at odd places first.
      const odd = all.items.filter((_, index) => index % 2 === 1)
      const even = all.items.filter((_, index) => index % 2 === 0)
      return { ...all, items: order === 'oldest' ? all.items.toReversed() : [...odd, ...even] }
    },
  }),
  /** At most so many items, without a word. */
  listCap: habit(Number.POSITIVE_INFINITY, {
    list: (cap, all) => ({ ...all, items: all.items.slice(0, cap) }),
  }),
  count: habit<'items' | 'matching' | 'total' | 'wrong' | 'zero'>('items', {
    list: (kind, all) => {
      const counts = {
        items: undefined,
        matching: all.matching,
        total: all.total,
        wrong: all.items.length + 3,
        zero: 0,
      }
      return { ...all, count: counts[kind] }
    },
  }),

  // How it cancels.
  cancelTakesMs: habit(0, { cancel: (ms, plan) => ({ ...plan, effectAfterMs: ms }) }),
  /** Nothing happens before it was asked so often. */
  cancelNeedsAsks: habit(1, {
    cancel: (asks, plan, run) => (run.cancels >= asks ? plan : { ...plan, effectAfterMs: undefined }),
  }),
  cancelAnswer: habit<'json' | 'accepted' | 'no_content' | 'nonsense' | 'html'>('json', {
    cancel: (form, plan) => {
      const answers: Record<typeof form, Reply> = {
        json: plan.answer,
        accepted: { status: 202, json: null },
        no_content: { status: 204 },
        nonsense: plain(200, 'roger that'),
        html: html(200),
      }
      return { ...plan, answer: answers[form] }
    },
  }),
  /** The status that the cancel of an ended run is answered with. */
  cancelOfEnded: habit<number>(409, {
    cancel: (code, plan, _run, status) =>
      ends.includes(status) ? { ...plan, answer: { ...plan.answer, status: code } } : plan,
  }),
} as const

type Table = typeof table
export type Habits = { -readonly [Name in keyof Table]: Table[Name] extends Habit<infer V> ? V : never }

/** Every habit off. */
export function noHabits(): Habits {
  return Object.fromEntries(Object.entries(table).map(([name, { off }]) => [name, off])) as Habits
}

type HookName = Exclude<keyof Hooks<never>, 'list'>
type AnyHook = (value: unknown, ...rest: readonly unknown[]) => unknown

function active(habits: Habits, hook: keyof Hooks<never>): { run: AnyHook; value: unknown }[] {
  return Object.entries(table).flatMap(([name, entry]) => {
    const value = habits[name as keyof Habits]
    const run = (entry as Hooks<never>)[hook] as AnyHook | undefined
    // A habit that is off is not asked, so that each only knows its own forms.
    return run === undefined || value === entry.off ? [] : [{ run, value }]
  })
}

type Rest<Name extends HookName> =
  NonNullable<Hooks<never>[Name]> extends (value: never, ...rest: infer R) => unknown ? R : never
type Result<Name extends HookName> = ReturnType<NonNullable<Hooks<never>[Name]>>

/** The first habit that has an answer. */
export function firstOf<Name extends HookName>(
  habits: Habits,
  hook: Name,
  ...rest: Rest<Name>
): Result<Name> | undefined {
  for (const { run, value } of active(habits, hook)) {
    const found = run(value, ...rest)
    if (found !== undefined) return found as Result<Name>
  }
  return undefined
}

/** All habits, each on what the one before made of it. */
export function throughAll<T>(
  habits: Habits,
  hook:
    | 'filters'
    | 'listedAt'
    | 'list'
    | 'status'
    | 'clock'
    | 'timestamp'
    | 'view'
    | 'cancel'
    | 'error'
    | 'answer',
  start: T,
  ...rest: readonly unknown[]
): T {
  return throughEach(active(habits, hook), start, ...rest)
}

/** As `throughAll`, for what is looked up once and used for thousands. */
export function prepared(
  habits: Habits,
  hook: 'status' | 'clock' | 'timestamp' | 'view',
): <T>(start: T, ...rest: readonly unknown[]) => T {
  const hooks = active(habits, hook)
  return (start, ...rest) => throughEach(hooks, start, ...rest)
}

function throughEach<T>(
  hooks: readonly { run: AnyHook; value: unknown }[],
  start: T,
  ...rest: readonly unknown[]
): T {
  return hooks.reduce((seen, { run, value }) => run(value, seen, ...rest) as T, start)
}

export function isVisible(habits: Habits, thing: Job | Run, nowMs: number): boolean {
  return active(habits, 'isVisible').every(({ run, value }) => run(value, thing, nowMs) === true)
}
