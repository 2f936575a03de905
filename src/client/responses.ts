import type { Json } from '../base/json.ts'
import { present } from '../base/present.ts'
import type {
  CancelAnswer,
  Capabilities,
  Job,
  JobRun,
  JobTypeSchemaEntry,
  OutputReference,
  Whoami,
} from '../contract/index.ts'
import { uuidPattern } from '../contract/jobs/wire-forms.ts'
import { readItems } from './lists.ts'
import {
  isAbsent,
  isObject,
  isTrue,
  numberOrAbsent,
  objectOrEmpty,
  type Reader,
  readId,
  readObject,
  readText,
  refuse,
  ShapeError,
  text,
  textOrAbsent,
  textOrNull,
} from './reading.ts'
import { excerpt } from './request.ts'

/**
 * Readers of answers, for servers that are not ours too: what identifies a thing must be there and be text, all else
 * falls back; unknown statuses survive, unknown fields are dropped, times stay the text they are. Types derive from the contract.
 */

/**
 * Any status; compare with `isTerminalStatus`. Fields without a value in the answer are empty, or absent when optional. A run
 * whose `job_id` is empty may be of any job, unless the job was asked for by itself.
 */
export type WireJobRun = Omit<JobRun, 'status' | 'output_references'> & {
  status: string
  output_references: WireOutputReference[]
}
/** Whatever the server sent, `type`, `name`, … only when well-formed. An item that is no object becomes `{value: item}`. */
export type WireOutputReference = Partial<OutputReference> & { [extra: string]: Json | undefined }
/** `etag`: of the answer, where the server gives one; never in a list. */
export type WireJob = Job & { etag?: string }
export type WireMessage = { message: string }
export type WireCancel = CancelAnswer
export type WireCancelByKey = WireCancel & { job_run: WireJobRun | null }
/** `status` and `at` are the change's, `job_run` is as it was when the server answered. */
export type WireChange = { cursor: string; status: string; at: string; job_run: WireJobRun }
export type WireChanges = { changes: WireChange[]; cursor: string }

export const readJob: Reader<WireJob> = (value, pointer) => {
  const job = readObject(value, pointer)
  return {
    uuid: readId(job, 'uuid', pointer),
    name: text(job.name),
    description: textOrNull(job.description),
    config: objectOrEmpty(job.config),
    is_deleted: isTrue(job.is_deleted),
    created_by: text(job.created_by),
    created_at: text(job.created_at),
    updated_at: textOrNull(job.updated_at),
    source_session_id: textOrNull(job.source_session_id),
    source_project_id: textOrNull(job.source_project_id),
  }
}

/** The same id; of UUIDs the case says nothing. */
export function isSameId(one: string, other: string): boolean {
  return one === other || (uuidPattern.test(one) && one.toLowerCase() === other.toLowerCase())
}

/** Refuses an answer about another thing than was asked about. */
export function answering<T extends { uuid: string }>(uuid: string, read: Reader<T>): Reader<T> {
  return (value, pointer) => {
    const found = read(value, pointer)
    if (isSameId(found.uuid, uuid)) return found
    throw new ShapeError(
      `at ${pointer}/uuid: expected ${uuid}, as asked for, found ${excerpt(found.uuid, [])}`,
    )
  }
}

/** A run that was asked for by its job: of that job, whether the answer says so or not; one of another job is refused. */
export function readRunOfJob(jobId: string): Reader<WireJobRun> {
  return (value, pointer) => {
    const run = readJobRun(value, pointer)
    if (run.job_id === '') return { ...run, job_id: jobId }
    if (isSameId(run.job_id, jobId)) return run
    throw new ShapeError(
      `at ${pointer}/job_id: expected ${jobId}, as asked for, found ${excerpt(run.job_id, [])}`,
    )
  }
}

function readOutputReference(item: Json): WireOutputReference {
  if (!isObject(item)) return { value: item }
  const { type, uuid, name, media_type, size_bytes, href, ...rest } = item
  return present({
    ...rest,
    type: textOrAbsent(type),
    uuid: textOrAbsent(uuid),
    name: textOrAbsent(name),
    media_type: textOrAbsent(media_type),
    size_bytes: numberOrAbsent(size_bytes),
    href: textOrAbsent(href),
  }) as WireOutputReference
}

function readOutputReferences(value: Json | undefined): WireOutputReference[] {
  if (isAbsent(value)) return []
  return (Array.isArray(value) ? value : [value]).map(readOutputReference)
}

/** Servers differ in how they say why; ours sends `{code, message}`. */
function readRunError(value: Json | undefined): JobRun['error'] {
  if (typeof value === 'string') return { code: 'remote_error', message: value }
  if (!isObject(value)) return undefined
  return { code: textOrAbsent(value.code) ?? 'remote_error', message: text(value.message) }
}

function readProgress(value: Json | undefined): JobRun['progress'] {
  if (!isObject(value)) return undefined
  const fraction = numberOrAbsent(value.fraction)
  return {
    fraction: fraction !== undefined && fraction >= 0 && fraction <= 1 ? fraction : null,
    message: textOrNull(value.message),
  }
}

export const readJobRun: Reader<WireJobRun> = (value, pointer) => {
  const run = readObject(value, pointer)
  return {
    uuid: readId(run, 'uuid', pointer),
    job_id: isAbsent(run.job_id) ? '' : readId(run, 'job_id', pointer),
    job_name: text(run.job_name),
    config: objectOrEmpty(run.config),
    status: readText(run, 'status', pointer),
    created_by: text(run.created_by),
    created_at: text(run.created_at),
    updated_at: text(run.updated_at),
    is_deleted: isTrue(run.is_deleted),
    output_references: readOutputReferences(run.output_references),
    ...present({
      error: readRunError(run.error),
      started_at: textOrAbsent(run.started_at),
      finished_at: textOrAbsent(run.finished_at),
      cancel_requested_at: textOrAbsent(run.cancel_requested_at),
      attempt: numberOrAbsent(run.attempt),
      progress: readProgress(run.progress),
      client_ref: textOrAbsent(run.client_ref),
    }),
  }
}

/** An entry that names no job type can be of no use to anybody, and is left out. */
export const readJobTypeSchemas: Reader<JobTypeSchemaEntry[]> = (value, pointer) => {
  if (!Array.isArray(value)) refuse(pointer, 'a list', value)
  const { read, unreadable } = readItems(value, readJobTypeSchema, pointer)
  const [first] = unreadable
  if (read.length === 0 && first !== undefined) throw new ShapeError(first)
  return read
}

const readJobTypeSchema: Reader<JobTypeSchemaEntry> = (value, pointer) => {
  const schema = readObject(value, pointer)
  const outputs = schema.output_schemas
  return {
    job_type: readId(schema, 'job_type', pointer),
    display_name: text(schema.display_name),
    description: text(schema.description),
    user_facing_description: text(schema.user_facing_description),
    json_schema: objectOrEmpty(schema.json_schema),
    creatable_on_ui: isTrue(schema.creatable_on_ui),
    creatable_by_agent: isTrue(schema.creatable_by_agent),
    visible_on_ui: isTrue(schema.visible_on_ui),
    ...(isObject(outputs)
      ? {
          output_schemas: Object.fromEntries(
            Object.entries(outputs).map(([name, output]) => [name, objectOrEmpty(output)]),
          ),
        }
      : {}),
  }
}

export const readMessage: Reader<WireMessage> = (value) => ({
  message: isObject(value) ? text(value.message) : '',
})

export const readCancel: Reader<WireCancel> = (value) => ({
  ...readMessage(value, ''),
  cancelled_count: (isObject(value) ? numberOrAbsent(value.cancelled_count) : undefined) ?? 0,
})

export const readCancelByKey: Reader<WireCancelByKey> = (value, pointer) => {
  const answer = readObject(value, pointer)
  const run = answer.job_run ?? null
  return {
    ...readCancel(answer, pointer),
    job_run: run === null ? null : readJobRun(run, `${pointer}/job_run`),
  }
}

export const readChanges: Reader<WireChanges> = (value, pointer) => {
  const answer = readObject(value, pointer)
  const changes = answer.changes
  if (!Array.isArray(changes)) refuse(`${pointer}/changes`, 'a list', changes)
  return {
    changes: changes.map((entry, index) => {
      const at = `${pointer}/changes/${index}`
      const change = readObject(entry, at)
      const run = readJobRun(change.job_run, `${at}/job_run`)
      return {
        cursor: readText(change, 'cursor', at),
        // A server that does not say which change it was shows the run alone.
        status: textOrAbsent(change.status) ?? run.status,
        at: textOrAbsent(change.at) ?? run.updated_at,
        job_run: run,
      }
    }),
    cursor: readText(answer, 'cursor', pointer),
  }
}

/** What an answer does not mention is not offered; one that says nothing of keys is not about this. */
export const readCapabilities: Reader<Capabilities> = (value, pointer) => {
  const given = readObject(value, pointer)
  if (typeof given.idempotency_keys !== 'boolean')
    refuse(`${pointer}/idempotency_keys`, 'true or false', given.idempotency_keys)
  return {
    server: text(given.server),
    version: text(given.version),
    idempotency_keys: isTrue(given.idempotency_keys),
    cancel_by_key: isTrue(given.cancel_by_key),
    long_poll_seconds: numberOrAbsent(given.long_poll_seconds) ?? 0,
    change_feed: isTrue(given.change_feed),
    client_ref: isTrue(given.client_ref),
    value_references: isTrue(given.value_references),
    run_logs: isTrue(given.run_logs),
    outputs: isTrue(given.outputs),
    documents: isTrue(given.documents),
    metagraphs: isTrue(given.metagraphs),
    whoami: isTrue(given.whoami),
    job_names: isTrue(given.job_names),
    pipelines: isTrue(given.pipelines),
    schedules: isTrue(given.schedules),
    one_call_triggers: isTrue(given.one_call_triggers),
    feed_by_client_ref: isTrue(given.feed_by_client_ref),
  }
}

export const readWhoami: Reader<Whoami> = (value, pointer) => {
  const caller = readObject(value, pointer)
  const { installation } = caller
  return {
    workspace: readId(caller, 'workspace', pointer),
    email: readId(caller, 'email', pointer),
    ...(typeof installation === 'string' ? { installation } : {}),
  }
}
