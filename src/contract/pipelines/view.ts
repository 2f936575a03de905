import { z } from 'zod'
import { jsonSchema } from '../jobs/schemas.ts'
import { connectionModes, notificationEvents, pipelineStatuses, steerVerbs, stepStatuses } from './status.ts'

/** How a pipeline run looks from outside: the one definition for workflow, client, server and command line. */

/** ISO 8601 with Z, milliseconds. */
const time = z.string()

export const stepErrorSchema = z.object({
  /** Stable: `run_failed`, `timeout`, `rejected`, `expression`, `trigger_unknown`, … */
  code: z.string(),
  message: z.string(),
})

/** A POST that was sent and not answered, and what the server shows of its job. */
export const unknownTriggerSchema = z.object({
  job_id: z.string(),
  /** By then it had left. */
  sent_by: time,
  /** Runs that may be the step's, and may be somebody else's. */
  candidates: z.array(
    z.object({ job_run_id: z.string(), status: z.string(), created_at: z.string(), created_by: z.string() }),
  ),
})

/** A generation that another one followed. */
export const earlierGenerationSchema = z.object({
  generation: z.int(),
  /** null when it had none: refused before there was one. */
  job_run_id: z.string().nullable(),
  /** In its place, where the step runs a pipeline. */
  pipeline_run_id: z.string().nullable().exactOptional(),
  error: stepErrorSchema.nullable(),
})

/** Of what waits for a place under a limit. */
export const queueViewSchema = z.object({
  key: z.string(),
  limit: z.int(),
  /** 1 to 5, 1 goes first. */
  priority: z.int(),
  since: time,
  /** The id of the workflow that knows who is before it, once that was asked. */
  kept_by: z.string().exactOptional(),
  /** 1 is the next one. Here and below: absent where nobody could say it. */
  position: z.int().exactOptional(),
  /** Who has the places: pipeline runs, or steps of them. */
  holders: z
    .array(
      z.object({
        pipeline_run_id: z.string(),
        step: z.string().exactOptional(),
        /** 0-based; absent outside `for_each`. */
        item: z.int().exactOptional(),
        since: time,
      }),
    )
    .exactOptional(),
})

/** One line of a pipeline run's `steps`: highest generation only, one entry per item. */
export const stepRunViewSchema = z.object({
  step: z.string(),
  /** 0-based index; absent outside `for_each`. */
  item: z.int().exactOptional(),
  /** The run's count of changes when this line last changed; no two lines have the same. */
  seq: z.int(),
  /** Starts at 1. 0 while nothing was started. */
  generation: z.int(),
  status: z.enum(stepStatuses),
  job_id: z.string().nullable(),
  job_run_id: z.string().nullable(),
  /** Of a step that runs a pipeline: the id of that pipeline run, which has a view of its own. Absent elsewhere. */
  pipeline_run_id: z.string().nullable().exactOptional(),
  started_at: time.nullable(),
  finished_at: time.nullable(),
  /** Of the present generation, while it is under way. */
  generation_started_at: time.exactOptional(),
  /** What the handler says of how far it is; known to who asked the Jobs API for it. */
  progress: z.object({ fraction: z.number().nullable(), message: z.string().nullable() }).exactOptional(),
  /** When the next generation comes, while the step waits for it. */
  next_try_at: time.exactOptional(),
  error: stepErrorSchema.nullable(),
  /** Of a trigger whose outcome is not known: what a person may decide by. */
  unknown_trigger: unknownTriggerSchema.exactOptional(),
  /** What a person last decided of a trigger whose outcome was not known. */
  decided: z.enum(steerVerbs).exactOptional(),
  /** While it is cancelled: since when. */
  cancel_requested_at: time.exactOptional(),
  /** Why the step cannot go on just now. */
  trouble: z.string().exactOptional(),
  /** While it waits for a place under the limit of its step. */
  queue: queueViewSchema.exactOptional(),
  /** What a waiting step waits for: ids of the steps it needs that are not done. */
  waits_for: z.array(z.string()).exactOptional(),
  /** That it starts as soon as one of them is done, if its condition holds then. */
  starts_with: z.literal('any').exactOptional(),
  /** Why a skipped one was skipped, as a sentence. */
  skipped_because: z.string().exactOptional(),
  /** The generations before this one, oldest first; of many the last ten. */
  earlier: z.array(earlierGenerationSchema).exactOptional(),
})

/** One receiver that is told of one event. */
export const noticeSchema = z.object({
  /** Of the workflow that tells it. */
  id: z.string(),
  event: z.enum(notificationEvents),
  /** As the pipeline names it: a URL without its query, or a function. Secrets stand in it by their names. */
  receiver: z.string(),
  at: time,
})

/** How far it is. */
export const deliverySchema = noticeSchema.extend({
  /** As the receiver knows it: the same however often it is sent. */
  id: z.string(),
  /** `unknown`: its time in Temporal is over, or it cannot be asked just now. */
  state: z.enum(['pending', 'delivered', 'failed', 'unknown']),
  attempts: z.int(),
  /** Why it is not delivered, as of the last attempt. */
  error: z.string().nullable(),
  delivered_at: time.nullable(),
  /** While it waits for another attempt. */
  next_try_at: time.exactOptional(),
})

const connectionSchema = z.object({ name: z.string(), mode: z.enum(connectionModes).nullable() })

/** A pipeline run as its workflow tells of it. */
export const ownRunViewSchema = z.object({
  id: z.string(),
  /** How often anything here changed so far, the lines included: what came after a count has a higher `seq`. 0 where it is not known. */
  seq: z.int(),
  pipeline: z.string(),
  status: z.enum(pipelineStatuses),
  started_at: time,
  finished_at: time.nullable(),
  outputs: z.record(z.string(), jsonSchema),
  warnings: z.array(z.string()),
  /**
   * What its job runs are triggered on, and how they are triggered once; the mode is null until that is known, and so is all of it
   * where no worker answers.
   */
  connection: connectionSchema.nullable(),
  /** While it waits for a place under the limit of its pipeline. */
  queue: queueViewSchema.exactOptional(),
  /** While it is cancelled: since when. */
  cancel_requested_at: time.exactOptional(),
  /** Whom its pipeline tells of it; absent where nobody was told yet. */
  notices: z.array(noticeSchema).exactOptional(),
  steps: z.array(stepRunViewSchema),
})

/** A pipeline run: what it says of itself, and whose it is. */
export const pipelineRunViewSchema = ownRunViewSchema.omit({ notices: true }).extend({
  /** null when it is not known whose token started it. */
  workspace: z.string().nullable(),
  /** The email of whoever started it; null when that is not known. */
  owner: z.string().nullable(),
  /** Of one that is a step of another: which step of which pipeline run. Absent elsewhere. */
  parent: z
    .object({ id: z.string(), step: z.string(), item: z.int().nullable(), generation: z.int() })
    .exactOptional(),
  /** Of one that a schedule started: for which nominal time. Absent elsewhere. */
  schedule: z.object({ name: z.string(), scheduled_for: time }).exactOptional(),
  /** Whom its pipeline tells of it, and whether they know; absent where nobody was told yet, and in what is streamed. */
  deliveries: z.array(deliverySchema).exactOptional(),
  /** Of the saved pipeline that it was started from; absent for any other. */
  pipeline_version: z.int().exactOptional(),
  /** With what the mode promises; null where that is not known yet. */
  connection: connectionSchema.extend({ promise: z.string().nullable() }).nullable(),
})

/** A pipeline run as lists have it: what is known without asking the run itself. */
export const pipelineRunSummarySchema = pipelineRunViewSchema.pick({
  id: true,
  pipeline: true,
  pipeline_version: true,
  workspace: true,
  owner: true,
  parent: true,
  schedule: true,
  status: true,
  started_at: true,
  finished_at: true,
})

export type StepError = z.infer<typeof stepErrorSchema>
export type UnknownTrigger = z.infer<typeof unknownTriggerSchema>
export type Notice = z.infer<typeof noticeSchema>
export type Delivery = z.infer<typeof deliverySchema>
export type EarlierGeneration = z.infer<typeof earlierGenerationSchema>
/** Of what waits for a place under a limit. */
export type QueueView = z.infer<typeof queueViewSchema>
/** One line of a pipeline run's `steps`: highest generation only, one entry per item. */
export type StepRunView = z.infer<typeof stepRunViewSchema>
/** A pipeline run as its workflow tells of it, in answer to the query `progress`. */
export type OwnRunView = z.infer<typeof ownRunViewSchema>
/** A pipeline run: what it says of itself, and whose it is. */
export type PipelineRunView = z.infer<typeof pipelineRunViewSchema>
/** A pipeline run as lists have it: what is known without asking the run itself. */
export type PipelineRunSummary = z.infer<typeof pipelineRunSummarySchema>
