import type { Json } from '../../base/json.ts'
import type { TriggerState } from '../../protocol/index.ts'
import type { PlaceState } from './place.ts'
import type { SteerVerb, StepStatus } from './transitions.ts'
import type { ConnectionMode, EarlierGeneration, Notice, PipelinePlan, PlanStep, StepError } from './types.ts'

/**
 * Where a pipeline run stands: plain JSON, carried across continue-as-new.
 * Instants are milliseconds since the epoch.
 */
export interface PipelineRunState {
  /** Changes so far, as people see them: see `countChanges`. Here and below, absent where an earlier version began the run. */
  seq?: number
  startedAtMs: number
  cancelRequested: boolean
  /** Told to people only. */
  cancelRequestedAtMs?: number
  warnings: string[]
  /** What the connection was found to be before its first job run; from then on it is taken for that. */
  connection: ConnectionProfile | null
  /** Under the limit of its pipeline. */
  place?: PlaceState
  /** Why it failed before its first step. */
  notBegun?: StepError
  /** Who was told of what so far, or is being told. */
  notices?: Notice[]
  /** By step id, in plan order. */
  steps: Record<string, StepState>
}

/** Found out once by an activity, and kept in the history: how job runs are triggered, awaited and cancelled there. */
export interface ConnectionProfile {
  mode: ConnectionMode
  /** In `bounded`, what the operator says of the server, in milliseconds: how long a request may take to be done, and how old a list may be. */
  bounds?: { deliveryMs: number; listingMs: number }
  /** What becomes of a job that was made for one run; absent: it stays. */
  deleteJobs?: 'after_completion'
  /** Whether secrets and large outputs may stand in a config as references. */
  valueReferences: boolean
  /** Whether a job can be named after its pipeline and step; absent in what an earlier version found out. */
  jobNames?: boolean
  /** Whether job and run can be made in one call. */
  oneCallTriggers?: boolean
}

export interface StepState {
  /** The count when its line last changed. */
  seq?: number
  status: StepStatus
  error: StepError | null
  /** Why it was skipped; told to people only. */
  skippedBecause?: string
  /** What it reads that was not done when it began, as it stood then: see `noteUnfinished`. */
  unfinished?: Record<string, StepStatus>
  /** One for an ordinary step, one per value of a `for_each`; absent until the step starts. */
  items?: ItemState[]
}

export interface ItemState {
  /** The count when its line last changed. */
  seq?: number
  status: StepStatus
  /** 0 until it starts; then 1 and up. */
  generation: number
  jobId: string | null
  /** The remote run's id; of a step that runs a pipeline, the id of that pipeline run. */
  jobRunId: string | null
  startedAtMs: number | null
  finishedAtMs: number | null
  /** The end of its job run is told by a signal, whichever execution of the workflow is there by then. */
  isTold?: true
  /** Of the present generation: its timeout counts from here. */
  generationStartedAtMs: number | null
  /** A retry waits until then. */
  notBeforeMs: number | null
  error: StepError | null
  /** How far the trigger of the present generation is, on a server without idempotency keys. */
  trigger?: TriggerState
  /** Since when a person is asked what became of it, or for the nested pipeline run: such time is not the step's. */
  parkedAtMs?: number
  /** What a person last decided of a trigger of this item: asked once more for the same, it was done. */
  decided?: SteerVerb
  /** Why it was skipped; told to people only. */
  skippedBecause?: string
  /** It was skipped as there was no place for it. */
  noPlace?: true
  /** Of the present generation, under the limit of its step. */
  place?: PlaceState
  /** Since when the present generation is being cancelled; told to people only. */
  cancelRequestedAtMs?: number
  /** What was before the present generation; told to people only. */
  earlier?: EarlierGeneration[]
  outputs: Record<string, OutputSlot>
  /** The job run as the API showed it; kept only where an expression reads it. */
  jobRun: Json | null
}

/** A kept output: its value, or where to read it. */
export type OutputSlot = ({ value: Json } | { jobRunId: string }) & {
  /** The run that has it is a pipeline run. */
  isNested?: true
  sizeBytes: number
  /** The API gave the value itself. Stays true when the value is swapped for a reference, false when it is fetched. */
  inlined: boolean
}

/** What an activity says of a job run, whatever brought the news. */
export interface JobRunRecord {
  jobId: string
  jobRunId: string
  /** The API's word; an unknown one is not terminal. */
  status: string
  error: StepError | null
  outputs: Record<string, OutputSlot>
  /** As the API showed it. */
  jobRun: Json
}

/** @param warnings what is to be said from the start */
export function createPipelineRunState(
  plan: PipelinePlan,
  startedAtMs: number,
  warnings: readonly string[] = [],
): PipelineRunState {
  const steps: Record<string, StepState> = {}
  plan.steps.forEach(({ id }, index) => {
    steps[id] = { seq: index + 1, status: 'waiting', error: null }
  })
  return {
    seq: plan.steps.length,
    startedAtMs,
    cancelRequested: false,
    warnings: [...warnings],
    connection: null,
    steps,
  }
}

export function createItem(): ItemState {
  return {
    status: 'pending',
    generation: 0,
    jobId: null,
    jobRunId: null,
    startedAtMs: null,
    finishedAtMs: null,
    generationStartedAtMs: null,
    notBeforeMs: null,
    error: null,
    outputs: {},
    jobRun: null,
  }
}

/** More than anybody reads; a step may have a hundred. */
const keptGenerations = 10

/** Goes on to the next generation, which has nothing of the present one but the memory of it. */
export function beginNextGeneration(item: ItemState): void {
  const { generation, jobRunId, error } = item
  const ended = { generation, job_run_id: jobRunId, error }
  item.earlier = [...(item.earlier ?? []), ended].slice(-keptGenerations)
  item.generation += 1
  Object.assign(item, { jobRunId: null, outputs: {}, jobRun: null })
  delete item.trigger
  delete item.isTold
  delete item.parkedAtMs
  delete item.cancelRequestedAtMs
}

/** The state of a step that the plan has; a state without it is a programming error. */
export function stepState(state: PipelineRunState, id: string): StepState {
  const found = state.steps[id]
  if (!found) throw new Error(`step ${id} is not in the state of this run`)
  return found
}

/** Keeps of a job run what the plan uses. */
export function applyRecord(item: ItemState, step: PlanStep, record: JobRunRecord): void {
  item.jobId = record.jobId
  item.jobRunId = record.jobRunId
  item.jobRun = step.usesJobRun ? record.jobRun : null
  item.outputs = Object.fromEntries(
    step.usedOutputs.flatMap((name) => {
      const slot = Object.hasOwn(record.outputs, name) ? record.outputs[name] : undefined
      return slot ? [[name, slot]] : []
    }),
  )
}
