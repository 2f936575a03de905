import type { Json, JsonObject } from '../../base/json.ts'
import type { SteerVerb, StepStatus } from './transitions.ts'

/*
 * The compiled form of a pipeline: plain, frozen, versioned JSON, the argument of the `runPipeline` workflow.
 * Open runs carry old plans: change a field's meaning only with a new `planVersion`.
 */

/** A value with expressions in it, kept apart from literal data so that no user text is ever mistaken for code. */
export type PlanValue =
  | { kind: 'literal'; value: Json }
  /** One whole `${{ … }}`: keeps its type. `source` is CEL. */
  | { kind: 'expression'; source: string }
  /** Expressions inside text: becomes text. */
  | { kind: 'text'; parts: (string | { source: string })[] }
  | { kind: 'list'; items: PlanValue[] }
  | { kind: 'object'; entries: { key: string; value: PlanValue }[] }
  /** Exactly `${{ steps.STEP.outputs.NAME }}` inside a config: travels as a reference when the server does not inline it. */
  | { kind: 'output'; step: string; name: string }
  /** `${{ secrets.NAME }}`, whole or inside text: resolved where the handler runs, never here. */
  | { kind: 'secret'; parts: (string | { secret: string })[] }

/**
 * How a run is triggered once. `fenced`: the server takes idempotency keys, so what may or may not have arrived is sent again without
 * harm. `strict`: it does not; one POST a run, and a person decides where its outcome stays unknown. `bounded`: it does not, and the
 * operator says by when a request has been done and is to be seen; then it is sent again.
 */
export type ConnectionMode = 'fenced' | 'strict' | 'bounded'

export const retryReasons = ['failed', 'timeout', 'rejected'] as const
export type RetryReason = (typeof retryReasons)[number]

export type StatusFunction = 'completed' | 'failed' | 'always' | 'cancelled'

export interface PlanStep {
  id: string
  needs: string[]
  /** CEL, without the implied `completed()`; which of the status functions it calls. */
  if?: { source: string; statusFunctions: StatusFunction[] }
  target: { kind: 'job_type'; jobType: string } | { kind: 'job_id'; jobId: PlanValue }
  config?: PlanValue
  forEach?: PlanValue
  /** At least 1; how many items of a `for_each` run at once. */
  maxParallel: number
  /** Per generation. */
  timeoutMs?: number
  /** `generations`: the first one included; the file's word for them is `attempts`. */
  retry: { generations: number; backoffMs: number; on: RetryReason[] }
  onFailure: 'fail' | 'continue'
  /** Outputs of this step that some expression reads as a value: fetched when the server does not inline them. */
  valueOutputs: string[]
  /** Outputs of this step that anything in the plan uses at all; the others are not kept. */
  usedOutputs: string[]
  /** True when some expression reads `steps.X.run` of this step: then its job run is kept whole. */
  usesJobRun: boolean
}

/** The versions that this program can run. A plan of another one is for a worker of another version. */
export const planVersions = [1] as const

export interface PipelinePlan {
  planVersion: (typeof planVersions)[number]
  name: string
  description?: string
  connection: string
  /** What positions in text count; UTF-16 units without it. */
  textPositions?: 'characters'
  inputs: PlanInput[]
  steps: PlanStep[]
  outputs: { name: string; value: PlanValue }[]
}

export const inputTypes = ['string', 'number', 'integer', 'boolean', 'array', 'object'] as const

export interface PlanInput {
  name: string
  type: (typeof inputTypes)[number]
  description?: string
  enum?: Json[]
  default?: Json
  /** JSON Schema (2020-12): what it says beyond type and enum. */
  schema?: JsonObject
}

/** Statuses of a pipeline run. */
export type PipelineStatus = 'running' | 'held' | 'cancelling' | 'completed' | 'failed' | 'cancelled'

export interface StepError {
  /** Stable: `run_failed`, `timeout`, `rejected`, `expression`, `trigger_unknown`, … */
  code: string
  message: string
}

/** One line of a pipeline run's `steps` on the public surface: highest generation only, one entry per item. */
export interface StepRunView {
  step: string
  /** 0-based index; absent outside `for_each`. */
  item?: number
  /** Starts at 1. 0 while nothing was started. */
  generation: number
  status: StepStatus
  job_id: string | null
  job_run_id: string | null
  /** ISO 8601 with Z, milliseconds. */
  started_at: string | null
  finished_at: string | null
  /** Of the present generation, while it is under way. */
  generation_started_at?: string
  /** What the handler says of how far it is; known to who asked the Jobs API for it. */
  progress?: { fraction: number | null; message: string | null }
  /** When the next generation comes, while the step waits for it. */
  next_try_at?: string
  error: StepError | null
  /** Of a trigger whose outcome is not known: what a person may decide by. */
  unknown_trigger?: UnknownTrigger
  /** What a person last decided of a trigger whose outcome was not known. */
  decided?: SteerVerb
  /** While it is cancelled: since when. */
  cancel_requested_at?: string
  /** Why the step cannot go on just now. */
  trouble?: string
  /** What a waiting step waits for: ids of the steps it needs that are not done. */
  waits_for?: string[]
  /** Why a skipped one was skipped, as a sentence. */
  skipped_because?: string
  /** The generations before this one, oldest first; of many the last ten. */
  earlier?: EarlierGeneration[]
}

/** A POST that was sent and not answered, and what the server shows of its job. */
export interface UnknownTrigger {
  job_id: string
  /** By then it had left. */
  sent_by: string
  /** Runs that may be the step's, and may be somebody else's. */
  candidates: { job_run_id: string; status: string; created_at: string; created_by: string }[]
}

/** A generation that another one followed. */
export interface EarlierGeneration {
  generation: number
  /** null when it had none: refused before there was one. */
  job_run_id: string | null
  error: StepError | null
}

/** A pipeline run as `run`, `show`, `runs` and the query `progress` give it. */
export interface PipelineRunView {
  id: string
  pipeline: string
  status: PipelineStatus
  started_at: string
  finished_at: string | null
  outputs: Record<string, Json>
  warnings: string[]
  /**
   * What its job runs are triggered on, and how they are triggered once; the mode is null until that is known, and so is all of it
   * where no worker answers.
   */
  connection: { name: string; mode: ConnectionMode | null } | null
  /** While it is cancelled: since when. */
  cancel_requested_at?: string
  steps: StepRunView[]
}
