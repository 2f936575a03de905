import { routes } from '../contract/index.ts'
import { drawFault, type Fault, type FaultBounds, type FaultKind, faultKinds, suits } from './faults.ts'
import type { Operation } from './operations.ts'
import { seededRandom } from './seeded.ts'

/** A fault and the calls that it happens to. */
export interface FaultRule {
  /** @default every operation */
  operation?: Operation
  /** Which call of that operation, counted from 1, or from which to which. @default every call */
  nth?: number | { from: number; to?: number }
  fault: Fault
}

/** What goes wrong when: plain data, which can be kept as a file. The first rule that fits a call counts. */
export interface FaultScript {
  /** What it was derived from. */
  seed?: string | number
  rules: readonly FaultRule[]
}

/** How a script is derived from a seed. */
export interface SeedOptions {
  /** The share of calls that a fault happens to. @default 0.2 */
  rate?: number
  /** From which call of an operation on nothing goes wrong any more, so that whatever is tried ends. @default 100 */
  calls?: number
  /** No more faults one after the other on one operation. @default 3 */
  mostInARow?: number
  /** The kinds of faults that are drawn. @default every kind */
  kinds?: readonly FaultKind[]
  /** Whether the trigger of a run may be doubled by the network. Only a server that takes idempotency keys makes one run of it. @default false */
  doublesTriggers?: boolean
  /** @default 2 s for the client's time-out, 1 s each for D and L */
  bounds?: Partial<FaultBounds>
}

const operations = Object.values(routes)
  .filter(({ tag }) => tag !== 'Worker')
  .map(({ operationId }) => operationId as Operation)

/**
 * A script that follows from the seed and the options alone.
 *
 * @example
 * ```ts
 * import { scriptFromSeed } from 'jobwright/testing'
 *
 * const { seed, rules } = scriptFromSeed(7, { rate: 0.3, kinds: ['drop_answer', 'stale_list'] })
 * console.log(seed, rules.length, JSON.stringify(rules[0]))
 * ```
 */
export function scriptFromSeed(seed: string | number, options: SeedOptions = {}): FaultScript {
  const { rate = 0.2, calls = 100, mostInARow = 3, kinds = faultKinds, doublesTriggers = false } = options
  const bounds: FaultBounds = { timeoutMs: 2_000, deliveryMs: 1_000, listingMs: 1_000, ...options.bounds }
  const rules = operations.flatMap((operation) => {
    // An operation that is added changes nothing for the others.
    const random = seededRandom(`${seed}/${operation}`)
    const fitting = kinds.filter(
      (kind) =>
        suits(kind, operation) && (kind !== 'duplicate' || operation !== 'createJobRun' || doublesTriggers),
    )
    let inARow = 0
    return Array.from({ length: calls }, (_, index): FaultRule[] => {
      const kind = random() < rate ? fitting[Math.floor(random() * fitting.length)] : undefined
      inARow = kind === undefined || inARow === mostInARow ? 0 : inARow + 1
      if (kind === undefined || inARow === 0) return []
      return [{ operation, nth: index + 1, fault: drawFault(kind, random, bounds) }]
    }).flat()
  })
  return { seed, rules }
}

/** @param nth of the operation, @param overall of all calls; both from 1 */
export function faultFor(
  { rules }: FaultScript,
  operation: Operation,
  nth: number,
  overall: number,
): Fault | undefined {
  return rules.find((rule) => {
    if (rule.operation !== undefined && rule.operation !== operation) return false
    const count = rule.operation === undefined ? overall : nth
    if (rule.nth === undefined) return true
    if (typeof rule.nth === 'number') return count === rule.nth
    return count >= rule.nth.from && count <= (rule.nth.to ?? Number.POSITIVE_INFINITY)
  })?.fault
}
