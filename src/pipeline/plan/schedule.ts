import { cleansUp, decideStart, failsTheRun, summarizeNeeds, whySkipped } from './scheduling.ts'
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
  /**
   * The next step that waits although everything it needs is done, in the order in which they became ready. One that starts when any
   * of its needs is done is ready with each of them, as long as it waits.
   */
  takeReady(): PlanStep | undefined
  /** True while something that a step needs is not done: it may be ready once more. */
  hasOpenNeeds(step: PlanStep): boolean
  /** Makes steps that were ready, and still wait, ready once more. */
  reconsider(): void
  /** Notes that a step is done. */
  ended(step: PlanStep): void
  isFinished(): boolean
  /** True once only what cleans up is left: from then on its time counts. */
  isCleanupAlone(): boolean
  /** Counts items that are made: how many there are then, of all steps together. */
  countItems(more: number): number
  /** True once a step failed that was told to fail the run. */
  isFailing(): boolean
}

/** Takes the next step that is ready; one that is not to start is skipped, with why, unless it can become ready once more. */
export function takeNext(
  schedule: Schedule,
  state: PipelineRunState,
  { cancelRequested, cleansUp }: { cancelRequested: boolean; cleansUp: boolean },
): { step: PlanStep; isSkipped: boolean } | undefined {
  const run = { failing: schedule.isFailing(), cancelRequested, cleansUp }
  for (let step = schedule.takeReady(); step; step = schedule.takeReady()) {
    const needs = schedule.needsOf(step)
    if (decideStart(step, summarizeNeeds(needs, state, step.start), run) !== 'skip')
      return { step, isSkipped: false }
    if (schedule.hasOpenNeeds(step)) continue
    const own = stepState(state, step.id)
    own.skippedBecause = whySkipped(step, needs, state, { cancelRequested })
    move(own, 'was_skipped')
    return { step, isSkipped: true }
  }
  return undefined
}

/** A step that may be asked several times whether it starts. */
export function isAskedAgain({ start, if: condition }: PlanStep): boolean {
  return start === 'any' && condition !== undefined
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
  let openCleanup = 0
  let items = 0
  let failing = false
  const isReady = ({ start, needs }: PlanStep, left: number): boolean =>
    left === 0 || (start === 'any' && left < needs.length)

  for (const each of plan.steps) {
    if (isDone(statusOf(each))) failing ||= failsTheRun(each, state)
    else {
      open += 1
      if (cleansUp(each)) openCleanup += 1
    }
    items += stepState(state, each.id).items?.length ?? 0
    const needs = needsOf.get(each.id) ?? []
    for (const need of needs) dependents.get(need.id)?.push(each)
    const waitsFor = needs.filter((need) => !isDone(statusOf(need))).length
    openNeeds.set(each.id, waitsFor)
    if (statusOf(each) === 'waiting' && isReady(each, waitsFor)) ready.push(each)
  }

  return {
    step,
    needsOf: ({ id }) => needsOf.get(id) ?? [],
    begun: plan.steps.filter((each) => statusOf(each) !== 'waiting' && !isDone(statusOf(each))),
    takeReady() {
      for (let next = ready.shift(); next; next = ready.shift())
        if (next.start !== 'any' || statusOf(next) === 'waiting') return next
      return undefined
    },
    hasOpenNeeds: ({ id }) => (openNeeds.get(id) ?? 0) > 0,
    reconsider() {
      const isAgain = (each: PlanStep) =>
        each.start === 'any' && statusOf(each) === 'waiting' && isReady(each, openNeeds.get(each.id) ?? 0)
      ready.push(...plan.steps.filter(isAgain))
    },
    ended(over) {
      open -= 1
      if (cleansUp(over)) openCleanup -= 1
      failing ||= failsTheRun(over, state)
      for (const dependent of dependents.get(over.id) ?? []) {
        const left = (openNeeds.get(dependent.id) ?? 0) - 1
        openNeeds.set(dependent.id, left)
        if (isReady(dependent, left)) ready.push(dependent)
      }
    },
    isFinished: () => open === 0,
    isCleanupAlone: () => open === openCleanup,
    countItems(more) {
      items += more
      return items
    },
    isFailing: () => failing,
  }
}
