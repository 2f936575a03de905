import { pause } from '../base/abort.ts'
import { JobwrightError } from '../base/errors.ts'
import type { Json, JsonObject } from '../base/json.ts'
import type { Call } from '../client/transport.ts'
import { type Capabilities, isTerminalStatus } from '../contract/index.ts'
import { describeKind, fieldProblems, isObject } from './fields.ts'
import type { Probe, Seen } from './probe.ts'
import type { Sample } from './sample-config.ts'
import type { Made, Measurements, Verdict } from './types.ts'

/** What all checks share: ways to ask, what was made so far, and what was seen. */
export interface Lab {
  probe: Probe
  /** With a token that no server knows. */
  stranger: Probe
  signal: AbortSignal
  /** How long something may take to come about: to be listed, to be cancelled, to end. */
  patienceMs: number
  /** What the server says it offers beyond the reference. */
  capabilities: Capabilities | null | undefined
  /** What may be made; undefined when nothing may. */
  sample: Sample | undefined
  /** Told what is made, and put away, as it happens. */
  log: (line: string) => void
  readonly made: Made[]
  /** Lists without filters, once they were read; what went wrong where they could not be. */
  readonly known: Map<string, List | 'unreadable'>
  readonly measured: Measurements
  /** Made by the checks, as answered last. */
  job?: JsonObject
  run?: JsonObject
  /** Another one of the same job, to be cancelled. */
  second?: JsonObject
  /** What its cancel was answered with. */
  cancelled?: Seen
  /** A run that is over. */
  ended?: JsonObject
}

/** A check that fails: what was found instead of what. */
export class Unmet extends JobwrightError {
  override readonly name = 'Unmet'
  readonly found: string
  readonly expected: string

  constructor(found: string, expected: string) {
    super({ code: 'unmet', fault: 'refused', message: `found ${found}; expected ${expected}` })
    this.found = found
    this.expected = expected
  }
}

/** A check that there is no ground for. */
export class Unfounded extends JobwrightError {
  override readonly name = 'Unfounded'

  constructor(why: string) {
    super({ code: 'unfounded', fault: 'refused', message: why })
  }
}

export const holds = (detail?: string): Verdict => ({
  verdict: 'holds',
  ...(detail === undefined ? {} : { detail }),
})
export const skipped = (why: string): Verdict => ({ verdict: 'skipped', why })

/** @throws Unmet */
export function must(condition: boolean, found: string, expected: string): asserts condition {
  if (!condition) throw new Unmet(found, expected)
}

export function describe({ status, text }: Seen): string {
  return text === '' ? `${status} and nothing` : `${status}: ${text}`
}

export const isSuccess = ({ status }: Seen): boolean => status >= 200 && status < 300

/** The arguments of `must`: that a thing has these fields. */
export function hasFields(
  value: Json | undefined,
  fields: Parameters<typeof fieldProblems>[1],
): [condition: boolean, found: string, expected: string] {
  const problem = fieldProblems(value, fields)
  return [problem === undefined, problem?.found ?? '', problem?.expected ?? '']
}

/** A 2xx of JSON with these fields. */
export function thing(seen: Seen, fields: Parameters<typeof fieldProblems>[1]): JsonObject {
  must(isSuccess(seen) && seen.json !== undefined, describe(seen), '2xx, with JSON')
  must(...hasFields(seen.json, fields))
  return seen.json as JsonObject
}

export interface List {
  items: JsonObject[]
  count: Json | undefined
}

/** A list of objects: what they consist of is a check of its own. */
export async function list(lab: Lab, path: '/jobs' | '/job-runs', query: Call['query'] = {}): Promise<List> {
  const seen = await lab.probe.send('get', path, { query })
  must(isSuccess(seen) && isObject(seen.json), describe(seen), '2xx, with {"items": […], "count": N}')
  const { items, count } = seen.json
  must(Array.isArray(items), `items: ${describeKind(items)}`, 'items: a list')
  must(items.every(isObject), 'an item that is no object', 'objects')
  return { items, count }
}

/**
 * A list without filters, read once: there may be many thousands. Once it could not be read, whatever needs it is skipped: one
 * check has told why.
 * @throws Unmet, Unfounded
 */
export async function everything(lab: Lab, path: '/jobs' | '/job-runs'): Promise<List> {
  const known = lab.known.get(path)
  if (known === 'unreadable') throw new Unfounded(`GET ${path} cannot be read`)
  if (known !== undefined) return known
  lab.known.set(path, 'unreadable')
  const found = await list(lab, path)
  lab.known.set(path, found)
  return found
}

/** @throws Unmet for what came about late, or not at all; @param onFound told how late, before that counts */
export function mustBeAtOnce(
  { patienceMs }: Lab,
  found: { afterMs: number; looks: number } | undefined,
  texts: { missing?: string; expected: string },
  onFound: (lagMs: number) => void = () => {},
): void {
  must(found !== undefined, `${texts.missing ?? 'nothing for'} ${patienceMs} ms`, texts.expected)
  const isAtOnce = found.looks === 1
  onFound(isAtOnce ? 0 : found.afterMs)
  must(isAtOnce, `it was there after ${found.afterMs} ms`, 'at once')
}

export const idOf = (thing: JsonObject): string => String(thing.uuid)
export const textOf = (value: Json | undefined): string => (typeof value === 'string' ? value : '')
export const isTerminal = ({ status }: JsonObject): boolean => isTerminalStatus(textOf(status))

/** Looks until there is something, for as long as patience lasts; with how long it took, from the beginning. */
export async function eventually<T>(
  lab: Lab,
  look: () => Promise<T | undefined>,
): Promise<{ value: T; afterMs: number; looks: number } | undefined> {
  const begin = performance.now()
  for (let looks = 1; ; looks++) {
    const value = await look()
    const afterMs = Math.round(performance.now() - begin)
    if (value !== undefined) return { value, afterMs, looks }
    if (afterMs >= lab.patienceMs || lab.signal.aborted) return undefined
    await pause(Math.min(1_000, 50 * looks), lab.signal)
  }
}

/** An id of the same form that is no thing's. */
export const unknownId = '00000000-0000-4000-8000-000000000000'
