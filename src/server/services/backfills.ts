import { present } from '../../base/present.ts'
import type {
  BackfillListQuery,
  BackfillPlan,
  BackfillView,
  StartBackfillBody,
} from '../../contract/index.ts'
import type { Backfills, Caller, NewBackfill } from '../ports/index.ts'
import { idempotencyKey } from './idempotency.ts'
import { invalid } from './problems.ts'
import { checkScheduleName, keyDigits, type Pointers, throwWith } from './schedule-requests.ts'

export interface BackfillServiceDeps {
  backfills: Backfills
  /** Tells this database apart from every other that may share a Temporal namespace. */
  installationId(): Promise<string>
}

export interface BackfillService {
  /** What one would do, where no more than that is asked for. */
  start(
    caller: Caller,
    schedule: string,
    body: StartBackfillBody,
    key: string | undefined,
  ): Promise<{ plan: BackfillPlan } | { backfill: BackfillView; replayed: boolean }>
  list(caller: Caller, schedule: string, query: BackfillListQuery): Promise<BackfillView[]>
  show(caller: Caller, schedule: string, id: string): Promise<BackfillView>
  pause(caller: Caller, schedule: string, id: string, note: string | undefined): Promise<BackfillView>
  resume(caller: Caller, schedule: string, id: string): Promise<BackfillView>
  cancel(caller: Caller, schedule: string, id: string): Promise<BackfillView>
}

/** Backfills over HTTP. Errors are ApiProblems. */
export function createBackfillService(deps: BackfillServiceDeps): BackfillService {
  const { backfills } = deps
  const on = async <T>(schedule: string, ask: () => Promise<T>): Promise<T> => {
    checkScheduleName(schedule)
    return ask().catch((error: unknown) => throwWith(error, pointers))
  }
  return {
    start: (caller, schedule, body, key) => on(schedule, () => start(deps, caller, schedule, body, key)),
    list: (caller, schedule, { limit }) => on(schedule, () => backfills.list(caller, schedule, limit)),
    show: (caller, schedule, id) => on(schedule, () => backfills.show(caller, schedule, id)),
    pause: (caller, schedule, id, note) => on(schedule, () => backfills.pause(caller, schedule, id, note)),
    resume: (caller, schedule, id) => on(schedule, () => backfills.resume(caller, schedule, id)),
    cancel: (caller, schedule, id) => on(schedule, () => backfills.cancel(caller, schedule, id)),
  }
}

const pointers: Pointers = {
  empty_range: '/until',
  future_range: '/until',
  no_ticks: '/from',
  too_many_ticks: '/until',
}

async function start(
  { backfills, installationId }: BackfillServiceDeps,
  caller: Caller,
  schedule: string,
  body: StartBackfillBody,
  keyText: string | undefined,
) {
  const { from, until, plan, confirmed, only, order, max_active } = body
  const sent = idempotencyKey(keyText, body)
  const asked: NewBackfill = present({
    from: timeAt('/from', from),
    until: until ? timeAt('/until', until) : undefined,
    only: only ?? undefined,
    order: order ?? undefined,
    maxActive: max_active ?? undefined,
    isConfirmed: confirmed ?? undefined,
    key: sent && keyDigits([await installationId(), caller.workspace, schedule, sent.key]),
  })
  if (plan) return { plan: await backfills.plan(caller, schedule, asked) }
  const { backfill, existed } = await backfills.start(caller, schedule, asked)
  return { backfill, replayed: existed }
}

/** The schema knows the form; a 30th of February has it. @throws ApiProblem 422 */
function timeAt(pointer: string, text: string): string {
  const [date = ''] = text.split(/t/i)
  const isReal = !Number.isNaN(Date.parse(text)) && new Date(date).toISOString().startsWith(date)
  if (isReal) return text
  throw invalid('validation_failed', [{ pointer, detail: `${JSON.stringify(text)} is no real time` }])
}
