import { type PipelineRunState, stepState } from './state.ts'
import { isDone, type StepStatus } from './transitions.ts'
import type { PipelinePlan, PlanStep, PlanValue } from './types.ts'

/** What of a step says when it starts. */
type Starting = Pick<PlanStep, 'id' | 'needs' | 'start'>

/** What there is before a step. */
export interface Before {
  /** All that it needs, directly or not. */
  all: ReadonlySet<string>
  /** Of these, what is done by the time it starts. */
  done: ReadonlySet<string>
}

/** By id, for steps that stand after what they need; a need that does not counts as if nothing were before it. */
export function whatIsBefore(steps: readonly Starting[]): ReadonlyMap<string, Before> {
  const before = new Map<string, Before>()
  for (const { id, needs, start } of steps) {
    const all = new Set(needs.flatMap((need) => [need, ...(before.get(need)?.all ?? [])]))
    const byNeed = needs.map((need) => new Set([need, ...(before.get(need)?.done ?? [])]))
    const isDoneBefore = (one: string) =>
      start === 'any' ? byNeed.every((done) => done.has(one)) : byNeed.some((done) => done.has(one))
    before.set(id, { all, done: new Set([...all].filter(isDoneBefore)) })
  }
  return before
}

/** Finds the steps that a step reads and that may not be done when it begins. */
export type EarlyReads = (step: PlanStep) => readonly string[]

/** In a plan in which every step waits for all of its needs there are none. */
export function createEarlyReads({ steps }: PipelinePlan): EarlyReads {
  if (steps.every(({ start }) => start !== 'any')) return () => []
  const before = whatIsBefore(steps)
  return (step) => {
    const { all, done } = before.get(step.id) ?? { all: new Set(), done: new Set() }
    const named = new Set(namesOf(step))
    return [...all].filter((id) => !done.has(id) && named.has(id))
  }
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
