import { type RawBuilder, sql } from 'kysely'
import { canonicalJson } from '../../base/json.ts'
import type { JobRun } from '../../contract/index.ts'
import type {
  Caller,
  IdempotencyKey,
  JobOfRun,
  Keyed,
  NewJobRun,
  OutboxItem,
  RunNotMade,
} from '../ports/index.ts'
import { announceChange, changeOfRun } from './changes.ts'
import { type Db, fromNow, isUuid, type StoreContext, transact, untilUnhindered } from './context.ts'
import { claimKey } from './idempotency.ts'
import { insertJob } from './jobs.ts'
import { notifyOfChange, outboxTopic } from './notifier.ts'
import { replayRun } from './read-run.ts'
import { bareRunColumnList, type RunRow, toJobRun } from './run-rows.ts'

type Created = Keyed<JobRun> | RunNotMade

/** A run that is to be made, for whom and under which key. */
interface Trigger {
  caller: Caller
  run: NewJobRun
  key: IdempotencyKey | undefined
  /** Undefined: whoever comes first takes the start from the outbox. */
  leaseMs: number | undefined
}

/**
 * Makes a run, and the job that it is of where it comes with one: by one statement in the usual case. Where that finds anything
 * in its way it does nothing, and a transaction looks closer.
 */
export async function createRun(
  context: StoreContext,
  caller: Caller,
  run: NewJobRun,
  key: IdempotencyKey | undefined,
): Promise<Created> {
  const { notifier, starts } = context
  if (!isUuid(run.jobId)) return { outcome: 'job_deleted' }
  // The one who takes it may change while the database works.
  const { taker } = starts
  const isReserved = taker?.reserve() ?? false
  const trigger: Trigger = { caller, run, key, leaseMs: isReserved ? taker?.leaseMs : undefined }
  let made: MadeRun | undefined
  try {
    made = await untilUnhindered(() => insertAtOnce(context, trigger))
    const answer: Created | MadeRun = made ?? (await insertStepByStep(context, trigger))
    if ('outcome' in answer) return answer
    made = answer
    return { outcome: 'created', value: toJobRun(answer) }
  } finally {
    if (made) {
      context.owners.set(made.uuid, caller)
      notifyOfChange(notifier, made)
      if (!isReserved) notifier.notify(outboxTopic)
    }
    if (isReserved) {
      if (made) taker?.take(startOf(run, made.outbox_id))
      else taker?.release()
    }
  }
}

function startOf(run: NewJobRun, id: string): OutboxItem {
  const { uuid: jobRunId, jobType, execution } = run
  return { id, kind: 'start', jobRunId, jobType, execution, tries: 1 }
}

type MadeRun = RunRow & { outbox_id: string }

/** What a statement that has begun to write ends itself with, when it finds that it should not have. */
const divisionByZero = '22012'

/**
 * Undefined, and nothing done, when the key is known, the job is not there as it should be, or somebody changes either
 * at this moment.
 */
async function insertAtOnce(context: StoreContext, trigger: Trigger): Promise<MadeRun | undefined> {
  const { caller, run, key } = trigger
  const job = run.job ? jobInline(caller, run, run.job) : jobById(caller, run)
  const keys = key
    ? sql`insert into idempotency_keys (workspace, route, key, request_hash, resource_id)
        select ${caller.workspace}, 'createJobRun', ${key.key}, ${key.requestHash}, ${run.uuid}::uuid
        where ${job.isThere} on conflict do nothing returning resource_id`
    : sql`select ${run.uuid}::uuid as resource_id where ${job.isThere}`
  try {
    const { rows } = await sql<MadeRun>`
      with ${job.known} keyed as (${keys}), ${job.locked}, ${insertion(context, trigger)}
      select run.*, start.id::text as outbox_id, ${announced(trigger)}
      from keyed left join run on true left join start on true left join change on true
      where 1 / (run.uuid is not null)::integer = 1`.execute(context.db)
    return rows[0]
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === divisionByZero) return undefined
    throw error
  }
}

interface JobParts {
  /** CTEs that read what is there, without a lock. */
  known: RawBuilder<unknown>
  isThere: RawBuilder<unknown>
  /** CTEs that end with `job`: its id and name, once the run's key is written. */
  locked: RawBuilder<unknown>
}

function jobById({ workspace }: Caller, run: NewJobRun): JobParts {
  const isUsable = sql`uuid = ${run.jobId}::uuid and workspace = ${workspace} and not is_deleted`
  return {
    known: sql``,
    isThere: sql`exists (select 1 from jobs where ${isUsable})`,
    locked: sql`job as (
      select uuid, ${run.jobName}::text as name from jobs
      where ${isUsable} and exists (select 1 from keyed) for share
    )`,
  }
}

/** The job of the key, as long as it is as it was when it was made; a new one where the key is new. */
function jobInline(caller: Caller, run: NewJobRun, { job, key }: JobOfRun): JobParts {
  const { workspace, email } = caller
  const config = JSON.stringify(job.config)
  return {
    known: sql`job_known as materialized (
      select key.resource_id, key.request_hash = ${key.requestHash} and job.config = ${config} and not job.is_deleted as is_usable
      from idempotency_keys key left join jobs job on job.uuid = key.resource_id
      where key.workspace = ${workspace} and key.route = 'createJob' and key.key = ${key.key}
    ),`,
    isThere: sql`not exists (select 1 from job_known where is_usable is not true)`,
    locked: sql`job_keyed as (
      insert into idempotency_keys (workspace, route, key, request_hash, resource_id)
      select ${workspace}, 'createJob', ${key.key}, ${key.requestHash}, ${run.jobId}::uuid from keyed
      where not exists (select 1 from job_known) on conflict do nothing returning resource_id
    ), job_made as (
      insert into jobs (uuid, workspace, job_type, name, config, created_by, source_session_id, source_project_id)
      select resource_id, ${workspace}, ${job.jobType}, ${job.name}, ${config}, ${email},
        ${job.sourceSessionId}::uuid, ${job.sourceProjectId}::uuid from job_keyed
      returning uuid, name
    ), job_found as (
      select uuid, name from jobs
      where uuid = (select resource_id from job_known where exists (select 1 from keyed))
        and config = ${config} and not is_deleted for share
    ), job as (select uuid, name from job_made union all select uuid, name from job_found)`,
  }
}

/** CTEs `run`, `start`, `counter` and `change`, over a CTE `job` that holds at most one row. */
function insertion(
  { reportPatienceMs }: StoreContext,
  { caller, run, leaseMs }: Trigger,
): RawBuilder<unknown> {
  const { taskQueue, timeoutMs, queueTimeoutMs } = run.execution
  const isTaken = leaseMs !== undefined
  const [dispatchedAt, checkAt, claimedUntil, claimedBy] = isTaken
    ? [
        sql`statement_timestamp()`,
        fromNow(leaseMs + reportPatienceMs),
        fromNow(leaseMs),
        sql`current_setting('application_name')`,
      ]
    : [sql`null`, sql`null`, sql`null`, sql`null`]
  return sql`run as (
      insert into job_runs (uuid, workspace, job_id, job_type, job_name, config, status, created_by, client_ref,
        task_queue, timeout_ms, queue_timeout_ms, dispatched_at, next_check_at)
      select ${run.uuid}::uuid, ${caller.workspace}, job.uuid, ${run.jobType}, job.name, ${JSON.stringify(run.config)},
        'pending', ${caller.email}, ${run.clientRef}, ${taskQueue}, ${timeoutMs}::bigint, ${queueTimeoutMs}::bigint,
        (${dispatchedAt})::timestamptz, (${checkAt})::timestamptz
      from job
      returning ${bareRunColumnList}, job_runs.updated_at as changed_at
    ), start as (
      insert into outbox (job_run_id, kind, claimed_until, claimed_by, tries)
      select uuid, 'start', (${claimedUntil})::timestamptz, ${claimedBy}, ${sql.lit(isTaken ? 1 : 0)} from run
      returning id
    ), ${changeOfRun('start')}`
}

function announced({ caller, run, leaseMs }: Trigger): RawBuilder<unknown> {
  const change = { workspace: caller.workspace, uuid: run.uuid, status: 'pending' } as const
  return announceChange(change, ...(leaseMs === undefined ? [outboxTopic] : []))
}

/** Rolls the transaction back, so that the keys are free again. */
class NotMade extends Error {
  readonly answer: RunNotMade
  constructor(outcome: RunNotMade['outcome']) {
    super(outcome)
    this.answer = { outcome }
  }
}

async function insertStepByStep(context: StoreContext, trigger: Trigger): Promise<Created | MadeRun> {
  const { caller, run, key } = trigger
  try {
    return await transact(context.db, async (trx) => {
      const known = key && (await claimKey(trx, caller, 'createJobRun', key, run.uuid))
      if (known !== undefined && known !== 'claimed') return replayRun(trx, caller, known)
      const job = run.job
        ? await findOrInsertJob(trx, caller, run.job)
        : await lockJob(trx, caller, run.jobId, run.jobName)
      if (job === undefined) throw new NotMade('job_deleted')
      const { rows } = await sql<MadeRun>`
        with job as (select ${job.uuid}::uuid as uuid, ${job.name}::text as name), ${insertion(context, trigger)}
        select run.*, start.id::text as outbox_id, ${announced(trigger)} from run, start, change`.execute(trx)
      const [made] = rows
      if (made === undefined) throw new Error('a job run was not made')
      return made
    })
  } catch (error) {
    if (error instanceof NotMade) return error.answer
    throw error
  }
}

async function lockJob(trx: Db, caller: Caller, jobId: string, name?: string) {
  const row = await trx
    .selectFrom('jobs')
    .select(['uuid', 'name', 'config'])
    .where('uuid', '=', jobId)
    .where('workspace', '=', caller.workspace)
    .where('is_deleted', '=', false)
    .forShare()
    .executeTakeFirst()
  return row && { ...row, name: name ?? row.name }
}

/** The job of the key; one of its own where that was deleted, or has another config by now. */
async function findOrInsertJob(trx: Db, caller: Caller, { job, key }: JobOfRun) {
  const known = await claimKey(trx, caller, 'createJob', key, job.uuid)
  if (known !== 'claimed') {
    if (known.state !== 'used') throw new NotMade('job_key_reused')
    const found = await lockJob(trx, caller, known.resourceId)
    if (found && canonicalJson(JSON.parse(found.config)) === canonicalJson(job.config)) return found
  }
  return insertJob(trx, caller, job)
}
