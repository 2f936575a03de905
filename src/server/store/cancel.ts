import { isTerminalStatus } from '../../contract/index.ts'
import type { Caller, CancelOutcome } from '../ports/index.ts'
import { recordChange } from './changes.ts'
import { type Db, isUuid, now, type StoreContext, transact } from './context.ts'
import { enqueue } from './dispatch.ts'
import { barKey, findKey } from './idempotency.ts'
import { notifyOfChange, outboxTopic } from './notifier.ts'
import { runColumns, toSingleJobRun } from './run-rows.ts'

/** Cancels at once what no dispatcher has seen; asks Temporal for anything else, once. */
export async function requestCancel(
  context: StoreContext,
  caller: Caller,
  jobRunId: string,
): Promise<CancelOutcome> {
  if (!isUuid(jobRunId)) return { outcome: 'unknown' }
  const answer = await transact(context.db, (trx) => cancelWithin(trx, caller, jobRunId))
  notifyOf(context, caller, answer)
  return answer
}

/** The unique row of the key decides between this and a POST that arrives at the same time. */
export async function cancelByKey(
  context: StoreContext,
  caller: Caller,
  key: string,
): Promise<CancelOutcome | { outcome: 'barred' }> {
  const answer = await transact(context.db, async (trx): Promise<CancelOutcome | { outcome: 'barred' }> => {
    if (await barKey(trx, caller, 'createJobRun', key)) return { outcome: 'barred' }
    const known = await findKey(trx, caller, 'createJobRun', key, undefined)
    if (known?.state !== 'used') return { outcome: 'barred' }
    return cancelWithin(trx, caller, known.resourceId)
  })
  if (answer.outcome !== 'barred') notifyOf(context, caller, answer)
  return answer
}

async function cancelWithin(trx: Db, caller: Caller, jobRunId: string): Promise<CancelOutcome> {
  const row = await trx
    .selectFrom('job_runs')
    .select(runColumns)
    .select('dispatched_at')
    .where('uuid', '=', jobRunId)
    .where('workspace', '=', caller.workspace)
    .forNoKeyUpdate()
    .executeTakeFirst()
  if (row === undefined) return { outcome: 'unknown' }
  if (isTerminalStatus(row.status)) return { outcome: 'terminal', run: await toSingleJobRun(trx, row) }
  if (row.cancel_requested_at !== null)
    return { outcome: 'already_requested', run: await toSingleJobRun(trx, row) }
  const isDispatched = row.dispatched_at !== null || row.status !== 'pending'
  const updated = await trx
    .updateTable('job_runs')
    .set({
      cancel_requested_at: now,
      updated_at: now,
      ...(isDispatched ? {} : { status: 'cancelled' as const, finished_at: now, next_check_at: null }),
    })
    .where('uuid', '=', jobRunId)
    .returning(runColumns)
    .executeTakeFirstOrThrow()
  if (isDispatched) {
    await enqueue(trx, jobRunId, 'cancel')
  } else {
    await trx.deleteFrom('outbox').where('job_run_id', '=', jobRunId).execute()
    await recordChange(trx, updated)
  }
  return { outcome: isDispatched ? 'requested' : 'cancelled', run: await toSingleJobRun(trx, updated) }
}

function notifyOf({ notifier }: StoreContext, caller: Caller, answer: CancelOutcome): void {
  switch (answer.outcome) {
    case 'requested':
      notifier.notify(outboxTopic)
      return
    case 'cancelled':
      notifyOfChange(notifier, { ...answer.run, workspace: caller.workspace })
      return
    case 'already_requested':
    case 'terminal':
    case 'unknown':
      return
    default:
      answer satisfies never
  }
}
