import { basePath } from '../../contract/index.ts'
import { ticksCsv } from '../../contract/schedules/csv.ts'
import type { ScheduleService } from '../services/schedules.ts'
import { prefersCsv } from './csv.ts'
import { type Handlers, json, list } from './handler.ts'
import { replayHeader } from './jobs.ts'
import { eachOf } from './pipelines.ts'

type ScheduleOperations =
  | 'applySchedule'
  | 'listSchedules'
  | 'getSchedule'
  | 'deleteSchedule'
  | 'pauseSchedule'
  | 'resumeSchedule'
  | 'triggerSchedule'
  | 'listTicks'
  | 'simulateSchedules'
  | 'simulateSchedule'

export function scheduleHandlers(schedules: ScheduleService): Handlers<ScheduleOperations> {
  return {
    applySchedule: async ({ caller, params, query, body }) =>
      json(await schedules.apply(caller, params.name, body, { isDryRun: query.dry_run === 'true' })),
    async listSchedules({ caller, query }) {
      const { items, nextCursor } = await schedules.list(caller, query)
      return list({ items: eachOf(items), nextCursor: () => nextCursor })
    },
    async simulateSchedules({ caller, body }) {
      const simulations = await schedules.simulate(caller, body)
      return list({ items: eachOf(simulations), nextCursor: () => null })
    },
    simulateSchedule: async ({ caller, params, query }) =>
      json(await schedules.simulation(caller, params.name, query)),
    getSchedule: async ({ caller, params }) => json(await schedules.show(caller, params.name)),
    async deleteSchedule({ caller, params }) {
      await schedules.delete(caller, params.name)
      return json({ message: `Schedule ${params.name} deleted` })
    },
    pauseSchedule: async ({ caller, params, body }) =>
      json(await schedules.pause(caller, params.name, body.note ?? undefined)),
    resumeSchedule: async ({ caller, params }) => json(await schedules.resume(caller, params.name)),
    async triggerSchedule({ caller, params, body, header }) {
      const { run, replayed } = await schedules.trigger(caller, params.name, body, header('Idempotency-Key'))
      const Location = `${basePath}/pipeline-runs/${encodeURIComponent(run.id)}`
      return json(run, { Location, ...replayHeader(replayed) })
    },
    async listTicks({ caller, params, query, header }) {
      const { items, nextCursor } = await schedules.ticks(caller, params.name, query)
      if (!prefersCsv(header('Accept'))) return list({ items: eachOf(items), nextCursor: () => nextCursor })
      const content = new TextEncoder().encode(ticksCsv(items))
      return { kind: 'bytes', content, mediaType: 'text/csv; charset=utf-8', fileName: `${params.name}.csv` }
    },
  }
}
