import type { Json, JsonObject } from '../../base/json.ts'
import { evaluateCondition } from '../../expressions/evaluate.ts'
import {
  createReadFinder,
  dataFor,
  dataOf,
  type Each,
  evaluateValue,
  evaluationError,
  explainMissing,
  type PipelineData,
  type Read,
  type ReadFinder,
  resolveOutput,
  scopeOf,
} from '../../pipeline/evaluate/index.ts'
import {
  type ConnectionProfile,
  cleansUp,
  countChanges,
  createEarlyReads,
  createPipelineRunState,
  createSchedule,
  type EarlyReads,
  type JobRunRecord,
  type PipelinePlan,
  type PipelineRunState,
  type PlanStep,
  type PlanValue,
  type Schedule,
  type StepError,
  summarizeNeeds,
} from '../../pipeline/plan/index.ts'
import type { VirtualClock } from './clock.ts'
import type { InMemoryFault } from './faults.ts'
import type { JobRuns } from './job-runs.ts'
import { loadOutputs } from './load-outputs.ts'

/** What a server of ours offers. */
const profile: ConnectionProfile = { mode: 'fenced', valueReferences: true, jobNames: true }

/** A job that is on the server already, for steps with a `job_id`. */
export interface SavedJob {
  jobType: string
  config: JsonObject
}

/** Steps that are cancelled together. */
export interface Lane {
  isCancelled: boolean
  /** What a cancel has to end. */
  readonly open: Set<() => void>
}

/** A pipeline run that a generation of a step is. */
export interface NestedStart {
  parent: Engine
  step: PlanStep
  plan: PipelinePlan
  inputs: Record<string, Json>
  id: string
  onEnd(record: JobRunRecord): void
}

/** One pipeline run in memory: the engine's state and decisions, with virtual time in place of a workflow's. */
export interface Engine {
  readonly plan: PipelinePlan
  readonly state: PipelineRunState
  readonly schedule: Schedule
  readonly data: PipelineData
  readonly reads: ReadFinder
  readonly earlyReads: EarlyReads
  readonly clock: VirtualClock
  readonly jobRuns: JobRuns
  readonly savedJobs: Readonly<Record<string, SavedJob>>
  faultOf(step: string, item: number | null, generation: number): InMemoryFault | undefined
  readonly main: Lane
  /** Of steps that run on a cancel, too. */
  readonly cleanup: Lane | undefined
  isCleanupOver: boolean
  isCleanupTimed: boolean
  /** Pipeline runs of its steps, by id. */
  readonly nested: Map<string, Engine>
  /** Before the names of steps: `outer/` in the pipeline of a step `outer`. */
  readonly path: string
  /** Starts the pipeline of a step. */
  startNested(start: NestedStart): { cancel(): void }
  /** Told once every step is done. */
  onFinished?: () => void
  outputs: Record<string, Json>
  finishedAtMs: number | null
}

export function createEngine(
  plan: PipelinePlan,
  inputs: Record<string, Json>,
  id: string,
  parts: Pick<Engine, 'clock' | 'jobRuns' | 'savedJobs' | 'faultOf' | 'path' | 'startNested'>,
): Engine {
  const state = countChanges(plan, createPipelineRunState(plan, parts.clock.now()))
  const schedule = createSchedule(plan, state)
  const lane = (): Lane => ({ isCancelled: false, open: new Set() })
  return {
    ...parts,
    plan,
    state,
    schedule,
    data: dataOf(plan, state, { id, inputs, schedule }),
    reads: createReadFinder(),
    earlyReads: createEarlyReads(plan),
    main: lane(),
    cleanup: plan.steps.some(cleansUp) ? lane() : undefined,
    isCleanupOver: false,
    isCleanupTimed: false,
    nested: new Map(),
    outputs: {},
    finishedAtMs: null,
  }
}

export function laneOf({ main, cleanup }: Engine, step: PlanStep): Lane {
  return cleanup && cleansUp(step) ? cleanup : main
}

/** Found out with the first job run, as the engine does. */
export function noteConnection({ state }: Engine): void {
  state.connection ??= profile
}

/** Of a step, or of the pipeline's outputs. @throws ExpressionError, StepFailure */
export function evaluate(engine: Engine, value: PlanValue, owner?: PlanStep, each?: Each): Json {
  return reading(engine, engine.reads.ofValue(value), owner, (data) =>
    evaluateValue(value, scopeOf(data, each), (step, name) => resolveOutput(data, step, name)),
  )
}

/** A step's `if`. @throws ExpressionError, StepFailure */
export function evaluateIf(engine: Engine, step: PlanStep, source: string): boolean {
  const { schedule, state } = engine
  return reading(engine, engine.reads.ofExpression(source), step, (data) => {
    const needs = summarizeNeeds(schedule.needsOf(step), state, step.start)
    return evaluateCondition(source, scopeOf(data), { ...needs, cancelled: state.cancelRequested })
  })
}

function reading<T>(
  { jobRuns, nested, ...engine }: Engine,
  reads: readonly Read[],
  owner: PlanStep | undefined,
  evaluateOver: (data: PipelineData) => T,
): T {
  const data = dataFor(engine.data, owner)
  loadOutputs(data, jobRuns, (id, name) => nested.get(id)?.outputs[name], reads)
  try {
    return evaluateOver(data)
  } catch (error) {
    throw explainMissing(data, reads, error)
  }
}

/** @throws the error itself when no step can answer for it */
export function stepErrorOf(error: unknown): StepError {
  const known = evaluationError(error)
  if (!known) throw error
  return known
}
