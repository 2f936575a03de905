import { sql } from 'kysely'
import { storable } from '../../base/text.ts'
import { isTerminalStatus } from '../../contract/index.ts'
import type { JobStore, OutboxItem } from '../ports/index.ts'
import { announce } from './announcements.ts'
import { type Db, fromNow, isUuid, now, type StoreContext, transact } from './context.ts'
import { outboxTopic } from './notifier.ts'
import { activeStatuses } from './transitions.ts'

/** The outbox towards Temporal, and the list of runs that nobody reports about. */
export function createDispatch(context: StoreContext): JobStore['dispatch'] {
  const { db, notifier } = context
  return {
    claim: (options) => claim(context, options),

    handOver(taker) {
      context.starts.taker = taker
      return () => {
        if (context.starts.taker === taker) context.starts.taker = undefined
      }
    },

    async done(...itemIds) {
      const { rows } = await sql`
        with gone as (delete from outbox where id = any(${itemIds}::bigint[]) returning job_run_id)
        select ${announce(outboxTopic)} from outbox
        where kind = 'cancel' and job_run_id in (select job_run_id from gone) limit 1`.execute(db)
      // A cancel was waiting for its start.
      if (rows.length > 0) notifier.notify(outboxTopic)
    },

    async postpone(itemId, delayMs, reason) {
      await db
        .updateTable('outbox')
        .set({
          due_at: fromNow(delayMs),
          claimed_until: null,
          last_error: storable(reason),
        })
        .where('id', '=', itemId)
        .execute()
      // Whoever waits learns when it is due.
      notifier.notify(outboxTopic)
    },

    wait: (timeoutMs, signal) => notifier.wait(outboxTopic, timeoutMs, signal),

    async claimUnreported({ limit, againMs }) {
      const { rows } = await sql<{ uuid: string }>`
        with due as materialized (
          select uuid from job_runs
          where next_check_at <= ${now} and dispatched_at is not null
            and status in (${sql.join(activeStatuses)})
          order by next_check_at limit ${limit}
          for no key update skip locked
        )
        update job_runs set next_check_at = ${fromNow(againMs)}
        from due where job_runs.uuid = due.uuid
        returning job_runs.uuid`.execute(db)
      return rows.map((row) => row.uuid)
    },

    async redispatch(jobRunId) {
      if (!isUuid(jobRunId)) return
      await transact(db, (trx) => redispatch(trx, jobRunId))
      notifier.notify(outboxTopic)
    },
  }
}

interface ClaimedRow {
  id: string
  kind: OutboxItem['kind']
  job_run_id: string
  tries: number
  job_type: string
  task_queue: string | null
  timeout_ms: string | null
  queue_timeout_ms: string | null
}

/** Of the outer join: without an item, all but the time is null. */
type OutboxRow = { next_due_ms: number | null } & (ClaimedRow | { [Column in keyof ClaimedRow]: null })

/** An item that is due and was passed over, for a lock on its run, is due again then: who holds the lock tells nobody. */
const passedOverMs = 100
/** When a cancel is looked at again that waits for its start: the end of the start tells, but may have missed the cancel. */
const heldBackMs = 1_000

/**
 * Takes due items and their runs' locks together, and never waits for either: a cancel holds the run while it removes
 * the item. From the commit on a start counts as dispatched, whatever becomes of the caller.
 */
async function claim(
  { db, reportPatienceMs }: StoreContext,
  { limit, leaseMs }: { limit: number; leaseMs: number },
): Promise<{ items: OutboxItem[]; nextDueMs: number | null }> {
  const rows = await transact(db, async (trx) => {
    const { rows } = await sql<OutboxRow>`
      with due as materialized (
        select item.id, run.job_type, run.task_queue, run.timeout_ms, run.queue_timeout_ms
        from outbox item join job_runs run on run.uuid = item.job_run_id
        where item.due_at <= ${now} and (item.claimed_until is null or item.claimed_until <= ${now})
          and (item.kind = 'start' or not exists (
            select 1 from outbox earlier where earlier.job_run_id = item.job_run_id and earlier.kind = 'start'
          ))
        order by item.id limit ${limit}
        for no key update of item, run skip locked
      ), claimed as (
        update outbox set claimed_until = ${fromNow(leaseMs)}, claimed_by = current_setting('application_name'), tries = tries + 1
        from due where outbox.id = due.id
        returning outbox.id::text as id, outbox.kind, outbox.job_run_id, outbox.tries,
          due.job_type, due.task_queue, due.timeout_ms::text as timeout_ms,
          due.queue_timeout_ms::text as queue_timeout_ms
      ), later as (
        select min(case
          when item.kind = 'cancel' and exists (
            select 1 from outbox earlier where earlier.job_run_id = item.job_run_id and earlier.kind = 'start'
          ) then ${fromNow(heldBackMs)}
          else greatest(item.due_at, item.claimed_until, ${fromNow(passedOverMs)}) end) as at
        from outbox item where item.id not in (select id from due)
      )
      select claimed.*, (extract(epoch from later.at - ${now}) * 1000)::float8 as next_due_ms
      from later left join claimed on true`.execute(trx)
    const starting = rows
      .filter(isClaimed)
      .filter((row) => row.kind === 'start')
      .map((row) => row.job_run_id)
    if (starting.length > 0)
      await trx
        .updateTable('job_runs')
        .set({
          dispatched_at: sql<Date>`coalesce(dispatched_at, ${now})`,
          next_check_at: fromNow(leaseMs + reportPatienceMs),
        })
        .where('uuid', 'in', starting)
        .where('status', 'in', [...activeStatuses])
        .execute()
    return rows
  })
  const claimed = rows.filter(isClaimed).sort((a, b) => (BigInt(a.id) < BigInt(b.id) ? -1 : 1))
  return { items: claimed.map(toOutboxItem), nextDueMs: rows[0]?.next_due_ms ?? null }
}

/** There is always one row, for when the next item is due; without an item where none is due now. */
function isClaimed(row: OutboxRow): row is OutboxRow & ClaimedRow {
  return row.id !== null
}

function toNumber(bigint: string | null): number | null {
  return bigint === null ? null : Number(bigint)
}

function toOutboxItem(row: ClaimedRow): OutboxItem {
  return {
    id: row.id,
    kind: row.kind,
    jobRunId: row.job_run_id,
    jobType: row.job_type,
    execution: {
      taskQueue: row.task_queue,
      timeoutMs: toNumber(row.timeout_ms),
      queueTimeoutMs: toNumber(row.queue_timeout_ms),
    },
    tries: row.tries,
  }
}

/** A cancel that was sent before would be lost with the start it was for, so it goes into the outbox again, behind the new one. */
async function redispatch(trx: Db, jobRunId: string): Promise<void> {
  const run = await trx
    .selectFrom('job_runs')
    .select(['status', 'cancel_requested_at'])
    .where('uuid', '=', jobRunId)
    .forNoKeyUpdate()
    .executeTakeFirst()
  if (run === undefined || isTerminalStatus(run.status)) return
  const kinds = run.cancel_requested_at === null ? (['start'] as const) : (['start', 'cancel'] as const)
  for (const kind of kinds) await enqueue(trx, jobRunId, kind)
}

/** Puts a start or a cancel into the outbox; does nothing when it is there already. */
export async function enqueue(trx: Db, jobRunId: string, kind: OutboxItem['kind']): Promise<void> {
  await trx
    .insertInto('outbox')
    .values({ job_run_id: jobRunId, kind })
    .onConflict((conflict) => conflict.doNothing())
    .returning(announce(outboxTopic).as('announced'))
    .execute()
}

/**
 * Frees what servers had claimed that are gone, so that the next one need not wait for the end of their leases. To take a living one
 * for gone, as behind a pooler, does no harm: starting a run twice starts it once.
 * @param alone nobody else can have the database open
 */
export async function forgetDeadClaims(db: Db, alone: boolean): Promise<void> {
  const dead = alone
    ? sql`true`
    : sql`claimed_by is not null and not exists (select 1 from pg_stat_activity where application_name = claimed_by)`
  await sql`update outbox set claimed_until = null where claimed_until is not null and ${dead}`.execute(db)
}
