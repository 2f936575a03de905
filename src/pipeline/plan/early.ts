import { add, type Bits, has, join, meet, noBits } from './bits.ts'
import { type PipelineRunState, stepState } from './state.ts'
import { isDone, type StepStatus } from './transitions.ts'
import type { PipelinePlan, PlanStep, PlanValue } from './types.ts'

/** What of a step says when it starts. */
type Starting = Pick<PlanStep, 'id' | 'needs' | 'start'>

/** What is before which step, of the steps of one pipeline. */
export interface Before {
  /** True of what a step needs, directly or not. */
  isBefore(other: string, id: string): boolean
  /** True of that of it which is done by the time the step starts. */
  isDoneBefore(other: string, id: string): boolean
}

/** Of steps in a cycle, which are no pipeline, it may know less. */
const mostPasses = 20

/** Steps stand after what they need. Where one does not, as there is a cycle, nothing is done before that need. */
export function whatIsBefore(steps: readonly Starting[]): Before {
  const placeOf = new Map(steps.map(({ id }, place) => [id, place]))
  const needsOf = steps.map(({ needs }) => needs.flatMap((need) => placeOf.get(need) ?? []))
  const none = () => noBits(steps.length)
  const all = steps.map(none)
  const isAny = steps.some(({ start }) => start === 'any')
  const done = isAny ? steps.map(none) : all
  steps.forEach(({ start }, place) => {
    const needs = needsOf[place] ?? []
    if (isAny) noteDone(done, place, needs, start === 'any' ? meet : join)
    for (const need of needs) addWith(all, place, need)
  })
  const hasCycle = needsOf.some((needs, place) => needs.some((need) => need >= place))
  for (let pass = 1; hasCycle && pass < mostPasses; pass += 1)
    for (const [place, needs] of needsOf.entries()) for (const need of needs) addWith(all, place, need)

  const isIn = (rows: readonly Bits[]) => (other: string, id: string) => {
    const [place, row] = [placeOf.get(other), rows[placeOf.get(id) ?? -1]]
    return place !== undefined && row !== undefined && has(row, place)
  }
  return { isBefore: isIn(all), isDoneBefore: isIn(done) }
}

/** What is done before a step follows from what is done once each of its needs is. */
function noteDone(
  done: readonly Bits[],
  place: number,
  needs: readonly number[],
  combine: (into: Bits, other: Bits) => void,
): void {
  const own = done[place]
  if (!own) return
  needs.forEach((need, index) => {
    const before = done[need]?.slice()
    if (!before) return
    add(before, need)
    if (index === 0) own.set(before)
    else combine(own, before)
  })
}

/** Adds what is before one place, and that place, to what is before another. */
function addWith(rows: readonly Bits[], place: number, need: number): void {
  const [own, others] = [rows[place], rows[need]]
  if (!own || !others) return
  join(own, others)
  add(own, need)
}

/** Finds the steps that a step reads and that may not be done when it begins. */
export type EarlyReads = (step: PlanStep) => readonly string[]

/** In a plan in which every step waits for all of its needs there are none. */
export function createEarlyReads({ steps }: PipelinePlan): EarlyReads {
  if (steps.every(({ start }) => start !== 'any')) return () => []
  const { isBefore, isDoneBefore } = whatIsBefore(steps)
  const found = new Map<string, readonly string[]>()
  for (const step of steps) {
    const read = [...new Set(namesOf(step))].filter(
      (name) => isBefore(name, step.id) && !isDoneBefore(name, step.id),
    )
    if (read.length > 0) found.set(step.id, read)
  }
  return ({ id }) => found.get(id) ?? []
}

/**
 * Notes of what a step reads how it stands as the step begins, where it is not done: its values are evaluated over that, also when
 * it is evaluated anew in a later execution, and so come out the same.
 */
export function noteUnfinished(state: PipelineRunState, step: PlanStep, earlyReads: EarlyReads): void {
  const unfinished = earlyReads(step).flatMap((id): [string, StepStatus][] => {
    const { status } = stepState(state, id)
    return isDone(status) ? [] : [[id, status]]
  })
  if (unfinished.length > 0) stepState(state, step.id).unfinished = Object.fromEntries(unfinished)
}

/** Every name in the expressions of a step: more than it reads, and never less. */
function namesOf({ if: condition, config, forEach, target, concurrency }: PlanStep): string[] {
  const values = target.kind === 'job_id' ? [target.jobId] : target.kind === 'pipeline' ? [target.inputs] : []
  return [
    ...wordsOf(condition?.source ?? ''),
    ...[config, forEach, concurrency?.key, ...values].flatMap((value) => (value ? namesIn(value) : [])),
  ]
}

function namesIn(value: PlanValue): string[] {
  switch (value.kind) {
    case 'expression':
      return wordsOf(value.source)
    case 'text':
      return value.parts.flatMap((part) => (typeof part === 'string' ? [] : wordsOf(part.source)))
    case 'list':
      return value.items.flatMap(namesIn)
    case 'object':
      return value.entries.flatMap((entry) => namesIn(entry.value))
    case 'output':
      return [value.step]
    case 'literal':
    case 'secret':
      return []
  }
}

function wordsOf(source: string): string[] {
  return source.match(/\w+/g) ?? []
}
