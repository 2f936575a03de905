import { decideStart, failsTheRun, summarizeNeeds, whySkipped } from './scheduling.ts'
import { type PipelineRunState, stepState } from './state.ts'
import { isDone, move } from './transitions.ts'
import type { PipelinePlan, PlanStep } from './types.ts'

/** What may start, and whether all is over, kept as steps end: an end costs what depends on the step, not a look at all of them. */
export interface Schedule {
  step(id: string): PlanStep
  /** What a step needs, as steps. */
  needsOf(step: PlanStep): readonly PlanStep[]
  /** Steps under way when the schedule was made: an earlier execution began them. */
  readonly begun: readonly PlanStep[]
  /** The next step that waits although everything it needs is done, in the order in which they became ready. */
  takeReady(): PlanStep | undefined
  /** Notes that a step is done. */
  ended(step: PlanStep): void
  isFinished(): boolean
  /** True once a step failed that was told to fail the run. */
  isFailing(): boolean
}

/** Takes the next step that is ready; one that is not to start is skipped, with why. */
export function takeNext(
  schedule: Schedule,
  state: PipelineRunState,
  { cancelRequested, cleansUp }: { cancelRequested: boolean; cleansUp: boolean },
): { step: PlanStep; isSkipped: boolean } | undefined {
  const step = schedule.takeReady()
  if (!step) return undefined
  const needs = schedule.needsOf(step)
  const run = { failing: schedule.isFailing(), cancelRequested, cleansUp }
  if (decideStart(step, summarizeNeeds(needs, state), run) !== 'skip') return { step, isSkipped: false }
  const own = stepState(state, step.id)
  own.skippedBecause = whySkipped(needs, state, { cancelRequested })
  move(own, 'was_skipped')
  return { step, isSkipped: true }
}

/** The schedule of a pipeline run as its state says it stands. */
export function createSchedule(plan: PipelinePlan, state: PipelineRunState): Schedule {
  const byId = new Map(plan.steps.map((step) => [step.id, step]))
  const step = (id: string): PlanStep => {
    const found = byId.get(id)
    if (!found) throw new Error(`step ${id} is not in this plan`)
    return found
  }
  const statusOf = ({ id }: PlanStep) => stepState(state, id).status
  const needsOf = new Map(plan.steps.map((each) => [each.id, each.needs.map(step)]))
  const dependents = new Map<string, PlanStep[]>(plan.steps.map(({ id }) => [id, []]))
  const openNeeds = new Map<string, number>()
  const ready: PlanStep[] = []
  let open = 0
  let failing = false

  for (const each of plan.steps) {
    if (isDone(statusOf(each))) failing ||= failsTheRun(each, state)
    else open += 1
    const needs = needsOf.get(each.id) ?? []
    for (const need of needs) dependents.get(need.id)?.push(each)
    const waitsFor = needs.filter((need) => !isDone(statusOf(need))).length
    openNeeds.set(each.id, waitsFor)
    if (waitsFor === 0 && statusOf(each) === 'waiting') ready.push(each)
  }

  return {
    step,
    needsOf: ({ id }) => needsOf.get(id) ?? [],
    begun: plan.steps.filter((each) => statusOf(each) !== 'waiting' && !isDone(statusOf(each))),
    takeReady: () => ready.shift(),
    ended(over) {
      open -= 1
      failing ||= failsTheRun(over, state)
      for (const dependent of dependents.get(over.id) ?? []) {
        const left = (openNeeds.get(dependent.id) ?? 0) - 1
        openNeeds.set(dependent.id, left)
        if (left === 0) ready.push(dependent)
      }
    },
    isFinished: () => open === 0,
    isFailing: () => failing,
  }
}
