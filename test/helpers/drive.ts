import { evaluateCondition } from '../../src/expressions/evaluate.ts'
import { dataFor, dataOf, evaluateValue, resolveOutput, scopeOf } from '../../src/pipeline/evaluate/index.ts'
import {
  applyRecord,
  concludeGeneration,
  concludeStep,
  createEarlyReads,
  createItems,
  isAskedAgain,
  move,
  noteOpen,
  noteUnfinished,
  type PipelinePlan,
  type PipelineRunState,
  type PlanStep,
  type Schedule,
  stepState,
  summarizeNeeds,
  takeNext,
  warnOfContinued,
  whyNotLetIn,
} from '../../src/pipeline/plan/index.ts'

/** What a run is driven with. */
export interface Drive {
  plan: PipelinePlan
  state: PipelineRunState
  schedule: Schedule
  /** In [0, 1): which open step ends next. */
  random: () => number
  /** How a step ends. */
  endOf: (step: PlanStep) => 'completed' | 'failed'
  /** Of the ends, the one before which the run is cancelled. */
  cancelAt?: number
}

/** Drives a plan to its end by the decisions alone: every step is one job run, whose end is given. @returns what was decided, in order */
export function drive({ plan, state, schedule, random, endOf, cancelAt = -1 }: Drive): string[] {
  const decided: string[] = []
  const open: PlanStep[] = []
  const earlyReads = createEarlyReads(plan)
  const base = dataOf(plan, state, { id: 'driven', inputs: {}, schedule })
  const isLetIn = (step: PlanStep): boolean => {
    if (!step.if) return true
    const known = summarizeNeeds(schedule.needsOf(step), state, step.start)
    const data = dataFor(base, step)
    return evaluateCondition(step.if.source, scopeOf(data), { ...known, cancelled: state.cancelRequested })
  }
  const begin = (step: PlanStep) => {
    noteUnfinished(state, step, earlyReads)
    const own = stepState(state, step.id)
    move(own, 'began')
    move(own, 'found_running')
    own.items = createItems(schedule, [null])
    const [item] = own.items
    if (!item) return
    const data = dataFor(base, step)
    const config =
      step.config && evaluateValue(step.config, scopeOf(data), (...of) => resolveOutput(data, ...of))
    item.generation = 1
    item.startedAtMs = 1
    item.generationStartedAtMs = 1
    move(item, 'began')
    noteOpen(item, { jobId: `job-${step.id}`, jobRunId: `run-${step.id}`, status: 'running' })
    open.push(step)
    decided.push(`began ${step.id} ${JSON.stringify(config ?? null)}`)
  }
  const over = (step: PlanStep, how: string) => {
    decided.push(`${how} ${step.id}`)
    schedule.ended(step)
  }
  const startReady = () => {
    const run = { cancelRequested: state.cancelRequested, cleansUp: true }
    for (let next = takeNext(schedule, state, run); next; next = takeNext(schedule, state, run)) {
      const { step, isSkipped } = next
      if (isSkipped) over(step, 'skipped')
      else if (isLetIn(step)) begin(step)
      else if (!isAskedAgain(step) || !schedule.hasOpenNeeds(step)) {
        const own = stepState(state, step.id)
        own.skippedBecause = whyNotLetIn(state)
        move(own, 'was_skipped')
        over(step, 'turned away')
      }
    }
  }
  startReady()
  for (let ends = 0; open.length > 0; ends += 1) {
    if (ends === cancelAt) {
      state.cancelRequested = true
      schedule.reconsider()
      startReady()
    }
    const [step] = open.splice(Math.floor(random() * open.length), 1)
    if (step) {
      end(state, step, endOf(step))
      warnOfContinued(state, step)
      over(step, stepState(state, step.id).status)
    }
    startReady()
  }
  return decided
}

function end(state: PipelineRunState, step: PlanStep, status: 'completed' | 'failed'): void {
  const own = stepState(state, step.id)
  const [item] = own.items ?? []
  if (!item) return
  const error = status === 'failed' ? { code: 'bad', message: 'as told' } : null
  const ids = { jobId: `job-${step.id}`, jobRunId: `run-${step.id}` }
  const record = { ...ids, status, error, outputs: {}, jobRun: null }
  applyRecord(item, step, record)
  concludeGeneration(step, item, { kind: 'record', record }, { nowMs: 2, isCancelled: state.cancelRequested })
  item.finishedAtMs = 2
  concludeStep(own, own.items ?? [])
}
