import type { Json } from '../../base/json.ts'
import type { PlaceState } from './place.ts'
import type { ItemState, PipelineRunState } from './state.ts'
import { StepFailure } from './step-failure.ts'
import { move } from './transitions.ts'
import type { PipelinePlan, PlanConcurrency, PlanStep } from './types.ts'

/** Limits across runs: pure decisions about them. */

/** What a key may be: it names something in Temporal, and people read it. */
const maxKeyLength = 200
export const defaultPriority = 3

/** The key of a limit as it was evaluated. @throws StepFailure for what names nothing */
export function limitKey(value: Json): string {
  const bad = (found: string) =>
    new StepFailure('bad_limit_key', `the key of \`concurrency\` must be text or a number, found ${found}`)
  if (typeof value !== 'string' && typeof value !== 'number')
    throw bad(value === null ? 'null' : Array.isArray(value) ? 'a list' : typeof value)
  const key = String(value)
  if (key.trim() === '') throw bad('an empty text')
  if (key.length > maxKeyLength)
    throw bad(`a text of ${key.length} characters; at most ${maxKeyLength} are allowed`)
  if (/\p{Cc}/u.test(key) || !key.isWellFormed()) throw bad('a text with control characters')
  return key
}

/** @throws StepFailure for a key of which the run itself, or one that it is a step of, has a place: it would wait for itself */
export function refuseHeldKey(key: string, held: readonly string[]): void {
  if (held.includes(key))
    throw new StepFailure(
      'limit_deadlock',
      `it asks for a place under the key ${key}, of which this pipeline run, or one around it, has a place already: it would wait for itself`,
    )
}

/** A run that ends before its first step: every step is skipped, for this reason. */
export function skipAll(state: PipelineRunState, reason: string): void {
  for (const own of Object.values(state.steps)) {
    if (own.status !== 'waiting') continue
    own.skippedBecause = reason
    move(own, 'was_skipped')
  }
}

/** Why there was no place, or none any more, for people. */
export function whyNoPlace({ key, by }: Pick<PlaceState, 'key' | 'by'>): string {
  return `there was no place under the key ${key}${by === undefined ? '' : `: ${by} has it`}`
}

export function whySuperseded({ key, by }: Pick<PlaceState, 'key' | 'by'>): string {
  return `its place under the key ${key} goes to ${by ?? 'another run'}`
}

/** Skips an item for which there was no place. */
export function skipForPlace(item: ItemState, place: PlaceState): void {
  item.noPlace = true
  item.skippedBecause = whyNoPlace(place)
  move(item, 'was_skipped')
}

/** The key, where it is known before the run. */
function knownKey(concurrency: PlanConcurrency | undefined): string | undefined {
  const { key } = concurrency ?? {}
  if (key?.kind !== 'literal') return undefined
  return typeof key.value === 'string' || typeof key.value === 'number' ? String(key.value) : undefined
}

/**
 * Known keys that a plan asks for although it has a place under them then, as the ids of the steps on the way there.
 * @param held keys that are held around it
 */
export function selfWaits(
  plan: PipelinePlan,
  held: readonly string[] = [],
): { key: string; steps: string[] }[] {
  const own = knownKey(plan.concurrency)
  const found = own !== undefined && held.includes(own) ? [{ key: own, steps: [] }] : []
  const inside = own === undefined ? held : [...held, own]
  return [...found, ...plan.steps.flatMap((step) => selfWaitsOf(step, inside))]
}

function selfWaitsOf(step: PlanStep, held: readonly string[]): { key: string; steps: string[] }[] {
  const own = knownKey(step.concurrency)
  const found = own !== undefined && held.includes(own) ? [{ key: own, steps: [step.id] }] : []
  if (step.target.kind !== 'pipeline') return found
  const inside = own === undefined ? held : [...held, own]
  const nested = selfWaits(step.target.pipeline, inside)
  return [...found, ...nested.map(({ key, steps }) => ({ key, steps: [step.id, ...steps] }))]
}
