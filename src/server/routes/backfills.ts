import { basePath } from '../../contract/index.ts'
import type { BackfillService } from '../services/backfills.ts'
import { type Handlers, json, list } from './handler.ts'
import { replayHeader } from './jobs.ts'
import { eachOf } from './pipelines.ts'

type BackfillOperations =
  | 'startBackfill'
  | 'listBackfills'
  | 'getBackfill'
  | 'pauseBackfill'
  | 'resumeBackfill'
  | 'cancelBackfill'

export function backfillHandlers(backfills: BackfillService): Handlers<BackfillOperations> {
  return {
    async startBackfill({ caller, params: { name }, body, header }) {
      const started = await backfills.start(caller, name, body, header('Idempotency-Key'))
      if ('plan' in started) return { kind: 'json', value: started.plan, status: 200 }
      const { backfill, replayed } = started
      const Location = `${basePath}/schedules/${name}/backfills/${encodeURIComponent(backfill.id)}`
      return json(backfill, { Location, ...replayHeader(replayed) })
    },
    async listBackfills({ caller, params, query }) {
      const items = await backfills.list(caller, params.name, query)
      return list({ items: eachOf(items), nextCursor: () => null })
    },
    getBackfill: async ({ caller, params }) =>
      json(await backfills.show(caller, params.name, params.backfill_id)),
    pauseBackfill: async ({ caller, params, body }) =>
      json(await backfills.pause(caller, params.name, params.backfill_id, body.note ?? undefined)),
    resumeBackfill: async ({ caller, params }) =>
      json(await backfills.resume(caller, params.name, params.backfill_id)),
    cancelBackfill: async ({ caller, params }) =>
      json(await backfills.cancel(caller, params.name, params.backfill_id)),
  }
}
