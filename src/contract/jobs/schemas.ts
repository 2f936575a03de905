import { z } from 'zod'
import type { Json, JsonObject } from '../../base/json.ts'
import { findingSchema } from '../pipelines/finding.ts'
import { entityKinds, logLevels } from './kinds.ts'
import { jobRunStatuses } from './status.ts'
import { idempotencyKeyPattern, queryTimeForm, queryTimePattern, timestampPattern } from './wire-forms.ts'

/** Wire schemas of the Jobs API: the 11 operations of the reference, and Jobwright's advertised extensions. */

export const limits = {
  bodyBytes: 1024 * 1024,
  /** How deeply JSON may nest, in bodies and outputs alike: whatever is stored is answered with, one day. */
  jsonDepth: 64,
  jobNameCharacters: 200,
  outputBytes: 16 * 1024 * 1024,
  inlineOutputBytes: 16 * 1024,
  /** Of one run, together, in the order they were stored; others are read by their address. */
  inlineBytesOfRun: 64 * 1024,
  outputsOfRun: 1000,
  outputBytesOfRun: 256 * 1024 * 1024,
  documentBytes: 16 * 1024 * 1024,
  pageItems: 1000,
  longPollSeconds: 60,
  idempotencyKeyCharacters: 255,
  clientRefCharacters: 2048,
  nameCharacters: 200,
  pathCharacters: 1024,
  /** What the database counts attempts with: 32 bits. */
  attempts: 2 ** 31 - 1,
} as const

/** Unchecked: whatever a JSON parser gives. Checking each value of a large body once more would take a second. */
export const jsonSchema = z.unknown() as unknown as z.ZodType<Json>
export const jsonObjectSchema: z.ZodType<JsonObject> = z.record(z.string(), jsonSchema)
/** In lower case, however it came: what is the same id is the same text. */
export const uuid = z.guid({ error: 'expected a UUID' }).toLowerCase()
const timestamp = z.string().regex(timestampPattern)
/** Of a query, where a name is repeated. An empty one stands for nothing. */
const nameList = z.array(z.string().min(1))

export const jobTypeSchemaEntry = z.object({
  job_type: z.string(),
  display_name: z.string(),
  description: z.string(),
  user_facing_description: z.string(),
  json_schema: jsonObjectSchema,
  creatable_on_ui: z.boolean(),
  creatable_by_agent: z.boolean(),
  visible_on_ui: z.boolean(),
  /** Extension: a JSON Schema for each output that the job type declares. */
  output_schemas: z.record(z.string(), jsonObjectSchema).optional(),
})

export const jobSchema = z.object({
  uuid,
  name: z.string(),
  description: z.string().nullable(),
  config: jsonObjectSchema,
  is_deleted: z.boolean(),
  created_by: z.string(),
  created_at: timestamp,
  updated_at: timestamp.nullable(),
  source_session_id: uuid.nullable(),
  source_project_id: uuid.nullable(),
})

export const jobCreateBody = z.strictObject({
  job_type: z.string().min(1),
  config: jsonObjectSchema.nullish(),
  /** What the job is about, as its name shall say, in place of what its config says. */
  name: z.string().min(1).max(limits.jobNameCharacters).nullish(),
  source_session_id: uuid.nullish(),
  source_project_id: uuid.nullish(),
})

export const jobUpdateBody = z.strictObject({ config: jsonObjectSchema.nullish() })

const createdWindow = {
  created_after: z
    .string()
    .meta({ description: `This time or later: ${queryTimeForm}`, pattern: queryTimePattern.source })
    .optional(),
  created_before: z
    .string()
    .meta({ description: `Before this time: ${queryTimeForm}`, pattern: queryTimePattern.source })
    .optional(),
}

const pageQuery = {
  limit: z.number().int().min(1).max(limits.pageItems).optional(),
  cursor: z.string().optional(),
}

export const jobListQuery = z.strictObject({
  job_types: nameList.optional(),
  created_by_users: nameList.optional(),
  source_session_ids: z.array(uuid).optional(),
  ...createdWindow,
  ...pageQuery,
})

export const outputReferenceSchema = z.object({
  type: z.string(),
  uuid,
  name: z.string(),
  media_type: z.string(),
  size_bytes: z.number().int().nonnegative(),
  href: z.string(),
  /** The output itself, for JSON up to 16 KiB, and 64 KiB of all outputs of a run together; others are read at `href`. */
  value: jsonSchema.optional(),
})

export const runErrorSchema = z.object({ code: z.string(), message: z.string() })

export const jobRunSchema = z.object({
  uuid,
  job_id: uuid,
  job_name: z.string(),
  config: jsonObjectSchema,
  status: z.enum(jobRunStatuses),
  created_by: z.string(),
  created_at: timestamp,
  updated_at: timestamp,
  is_deleted: z.boolean(),
  output_references: z.array(outputReferenceSchema),
  // Extensions.
  error: runErrorSchema.nullish(),
  started_at: timestamp.nullish(),
  finished_at: timestamp.nullish(),
  cancel_requested_at: timestamp.nullish(),
  attempt: z.number().int().nonnegative().optional(),
  progress: z
    .object({ fraction: z.number().min(0).max(1).nullish(), message: z.string().nullish() })
    .nullish(),
  client_ref: z.string().nullish(),
})

export const jobRunCreateBody = z
  .strictObject({
    job_id: uuid.optional(),
    /**
     * Extension, in place of `job_id`: the job is made, or found, as `POST /jobs` with `key` as its `Idempotency-Key` would. Where
     * that job was deleted or changed since, the run gets one of its own.
     */
    job: jobCreateBody
      .pick({ job_type: true, config: true, name: true })
      .extend({ key: z.string().min(1).max(limits.idempotencyKeyCharacters) })
      .optional(),
    config: jsonObjectSchema.nullish(),
    /** Extension: opaque to the server, echoed by the run and the change feed. */
    client_ref: z.string().max(limits.clientRefCharacters).nullish(),
  })
  .refine(({ job_id, job }) => job_id !== undefined || job !== undefined, {
    path: ['job_id'],
    error: 'is missing; expected the id of a job, or a job in /job',
  })
  .refine(({ job_id, job }) => job_id === undefined || job === undefined, {
    path: ['job'],
    error: 'is given beside /job_id; expected one of the two',
  })

/** Extension: replaces the reference of a run that is not over. */
export const clientRefBody = z.strictObject({
  client_ref: z.string().max(limits.clientRefCharacters),
})

export const jobRunListQuery = z.strictObject({
  job_id: uuid.optional(),
  job_types: nameList.optional(),
  statuses: z.array(z.enum(jobRunStatuses)).optional(),
  ...createdWindow,
  ...pageQuery,
})

/** Extension. `?wait=SECONDS`: answer when the run is terminal or the time is up, as it then is. */
export const jobRunCreateQuery = z.strictObject({
  wait: z.number().min(0).max(limits.longPollSeconds).optional(),
})

/** `?wait=SECONDS`: answer at once when terminal, else when it becomes so or the time is up. */
export const jobRunGetQuery = z.strictObject({
  wait: z.number().min(0).max(limits.longPollSeconds).optional(),
})

export const messageSchema = z.object({ message: z.string() })
export const cancelSchema = z.object({ message: z.string(), cancelled_count: z.number().int().nonnegative() })

/** Extension: cancels whatever a key started, and makes sure that the key can never start anything later. */
export const cancelByKeyBody = z.strictObject({
  idempotency_key: z
    .string()
    .min(1)
    .max(limits.idempotencyKeyCharacters)
    .meta({ pattern: idempotencyKeyPattern.source }),
})
export const cancelByKeySchema = cancelSchema.extend({ job_run: jobRunSchema.nullable() })

export const changesQuery = z.strictObject({
  after: z.string().optional(),
  wait: z.number().min(0).max(limits.longPollSeconds).optional(),
  limit: z.number().int().min(1).max(limits.pageItems).optional(),
  /** Only changes to these statuses; the cursor still moves past the others. */
  statuses: z.array(z.enum(jobRunStatuses)).optional(),
  /** Only changes of runs whose `client_ref`, as it is now, begins so; others neither end a wait nor hold the cursor back. */
  client_ref_prefix: z.string().min(1).max(limits.clientRefCharacters).optional(),
})
export const changesSchema = z.object({
  changes: z.array(
    z.object({
      cursor: z.string(),
      /** What the change led to, and when; the run may have gone on since. */
      status: z.enum(jobRunStatuses),
      at: timestamp,
      /** As it is now. */
      job_run: jobRunSchema,
    }),
  ),
  cursor: z.string(),
})

export const logLineSchema = z.object({
  at: timestamp,
  attempt: z.number().int(),
  level: z.enum(logLevels),
  message: z.string(),
})
export const logsQuery = z.strictObject({ ...pageQuery })

export const documentSchema = z.object({
  collection: z.string(),
  path: z.string(),
  media_type: z.string(),
  size_bytes: z.number().int(),
  sha256: z.string(),
  updated_at: timestamp,
})

export const graphSourceSchema = z.object({ document: z.string(), line: z.number().int().positive() })
export const metagraphEntitySchema = z.object({
  id: z.string(),
  kind: z.enum(entityKinds),
  name: z.string(),
  description: z.string(),
  source: graphSourceSchema,
})
export const metagraphRelationshipSchema = z.object({
  /** What the relation is, a verb in snake_case: `contains`, `powers`, `connects_to`, … */
  type: z.string(),
  from: z.string(),
  to: z.string(),
  source: graphSourceSchema,
})
/** The graph of one system. `from` and `to` of a relationship are entity ids. */
export const metagraphSchema = z.object({
  system: z.string(),
  entities: z.array(metagraphEntitySchema),
  relationships: z.array(metagraphRelationshipSchema),
})

/** What this server offers beyond the reference; a client must not rely on what is absent. */
export const capabilitiesSchema = z.object({
  server: z.string(),
  version: z.string(),
  idempotency_keys: z.boolean(),
  cancel_by_key: z.boolean(),
  long_poll_seconds: z.number(),
  change_feed: z.boolean(),
  client_ref: z.boolean(),
  value_references: z.boolean(),
  run_logs: z.boolean(),
  outputs: z.boolean(),
  documents: z.boolean(),
  metagraphs: z.boolean(),
  whoami: z.boolean(),
  /** `POST /jobs` takes a `name`. */
  job_names: z.boolean(),
  /** Pipelines and their runs: `/pipelines`, `/pipeline-runs`. */
  pipelines: z.boolean(),
  /** `/schedules`. */
  schedules: z.boolean(),
  /** `POST /job-runs` takes a `job` in place of `job_id`, and `?wait`. */
  one_call_triggers: z.boolean(),
  /** `GET /job-runs/changes` takes `client_ref_prefix`. */
  feed_by_client_ref: z.boolean(),
})

/** Extension: whose token a request carried. A worker's token answers for the job run that its header names. */
export const whoamiSchema = z.object({
  workspace: z.string(),
  email: z.string(),
  /** The name of the installation, whose workers run the pipelines of whoever asks. */
  installation: z.string().optional(),
})

/** RFC 9457. `errors[].pointer` is a JSON pointer into the body, or `?name` for a query parameter. */
export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  detail: z.string(),
  /** Stable, for machines: `unknown_job`, `idempotency_key_reused`, … */
  code: z.string(),
  errors: z.array(z.object({ pointer: z.string(), detail: z.string() })).optional(),
  /** Of a pipeline that was refused: what `POST /pipelines/validate` answers of it. */
  findings: z.array(findingSchema).optional(),
})

export function listOf<T extends z.ZodType>(item: T) {
  return z.object({
    items: z.array(item),
    count: z.number().int().nonnegative(),
    next_cursor: z.string().nullish(),
  })
}

export type JobTypeSchemaEntry = z.infer<typeof jobTypeSchemaEntry>
export type Job = z.infer<typeof jobSchema>
export type JobCreateBody = z.infer<typeof jobCreateBody>
export type JobUpdateBody = z.infer<typeof jobUpdateBody>
export type JobListQuery = z.infer<typeof jobListQuery>
export type JobRun = z.infer<typeof jobRunSchema>
export type JobRunCreateBody = z.infer<typeof jobRunCreateBody>
export type JobRunListQuery = z.infer<typeof jobRunListQuery>
export type OutputReference = z.infer<typeof outputReferenceSchema>
export type RunError = z.infer<typeof runErrorSchema>
export type CancelAnswer = z.infer<typeof cancelSchema>
export type CancelByKeyAnswer = z.infer<typeof cancelByKeySchema>
export type Changes = z.infer<typeof changesSchema>
export type ChangesQuery = z.infer<typeof changesQuery>
export type LogLine = z.infer<typeof logLineSchema>
export type DocumentEntry = z.infer<typeof documentSchema>
export type Metagraph = z.infer<typeof metagraphSchema>
export type MetagraphEntity = z.infer<typeof metagraphEntitySchema>
export type MetagraphRelationship = z.infer<typeof metagraphRelationshipSchema>
export type Capabilities = z.infer<typeof capabilitiesSchema>
export type Whoami = z.infer<typeof whoamiSchema>
export type Problem = z.infer<typeof problemSchema>
