import type { Json, JsonObject } from '../../base/json.ts'
import type { NotificationEvent, WhenFull } from '../../contract/pipelines/status.ts'

export {
  type ConnectionMode,
  type NotificationEvent,
  notificationEvents,
  type PipelineStatus,
  type WhenFull,
} from '../../contract/pipelines/status.ts'
export type {
  EarlierGeneration,
  Notice,
  OwnRunView as PipelineRunView,
  QueueView,
  StepError,
  StepRunView,
  UnknownTrigger,
} from '../../contract/pipelines/view.ts'

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

export const retryReasons = ['failed', 'timeout', 'rejected'] as const
export type RetryReason = (typeof retryReasons)[number]

export type StatusFunction = 'completed' | 'failed' | 'always' | 'cancelled'

/** What a step runs: a job, or another pipeline, whose plan a run keeps as it was at its start. */
export type PlanTarget =
  | { kind: 'job_type'; jobType: string }
  | { kind: 'job_id'; jobId: PlanValue }
  | NestedTarget

export interface NestedTarget {
  kind: 'pipeline'
  pipeline: PipelinePlan
  /** An object; what it leaves out has its default. */
  inputs?: PlanValue
}

/** At most `limit` at once of all that ask under the same key, whichever pipeline they are of. */
export interface PlanConcurrency {
  key: PlanValue
  limit: number
  whenFull: WhenFull
}

export interface PlanStep {
  id: string
  needs: string[]
  /** As soon as one of its needs is done; otherwise once all are. */
  start?: 'any'
  /** CEL, without the implied `completed()`; which of the status functions it calls. */
  if?: { source: string; statusFunctions: StatusFunction[] }
  target: PlanTarget
  config?: PlanValue
  forEach?: PlanValue
  /** At least 1; how many items of a `for_each` run at once. */
  maxParallel: number
  /** Per generation. */
  timeoutMs?: number
  /** `generations`: the first one included; the file's word for them is `attempts`. */
  retry: { generations: number; backoffMs: number; on: RetryReason[] }
  onFailure: 'fail' | 'continue'
  /** A place for each item and generation. */
  concurrency?: PlanConcurrency
  /** 1 to 5, 1 goes first. */
  priority?: number
  /** Outputs of this step that some expression reads as a value: fetched when the server does not inline them. */
  valueOutputs: string[]
  /** Outputs of this step that anything in the plan uses at all; the others are not kept. */
  usedOutputs: string[]
  /** True when some expression reads `steps.X.run` of this step: then its job run is kept whole. */
  usesJobRun: boolean
}

/** Who is told of what. */
export interface PlanNotification {
  on: NotificationEvent[]
  receiver: PlanReceiver
  /** From when on a run that is not over is late. */
  late?: PlanDeadline
}

export type PlanReceiver =
  /** `secrets`: names of those that sign. */
  | { kind: 'webhook'; url: Extract<PlanValue, { kind: 'literal' | 'secret' }>; secrets: string[] }
  /** Of the `jobwright.config.ts` of the workers. */
  | { kind: 'function'; name: string }

/** Counted from when the run was due, or was started; `by`: the next time of day `HH:MM` from then on. */
export type PlanDeadline = { afterMs: number } | { by: string; timezone: string }

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
  /** A place for each run. */
  concurrency?: PlanConcurrency
  /** 1 to 5, 1 goes first. */
  priority?: number
  /** In the order of the file; which one is told is known by its index. */
  notify?: PlanNotification[]
  /**
   * By name: digests of the schemas of the job types that it uses, as they were when it was compiled. Those that were not known are left
   * out. Nothing that runs depends on it.
   */
  jobTypes?: Record<string, string>
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
