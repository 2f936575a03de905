import type { Client } from '@temporalio/client'
import { BackfillNotFoundError, SchedulesClient } from '../../schedules/index.ts'
import type { Backfills, Caller, NewBackfill } from '../ports/index.ts'
import type { SchedulesOptions } from './over-client.ts'

/** Backfills in Temporal, through a client that is bound to the caller's workspace. */
export function createBackfills(
  client: Client,
  { installation, timing, patienceMs = 5_000, changePatienceMs = 15_000 }: SchedulesOptions,
): Backfills {
  const everybodys = new SchedulesClient(client, { installation, timing })
  const of = ({ workspace, email }: Caller) =>
    everybodys.as({ workspace, owner: { workspace, email, installation } })
  const within = <T>(ms: number, ask: () => Promise<T>): Promise<T> =>
    client.withDeadline(Date.now() + ms, ask)
  /** Their ids are made of the schedule's name, so that one of another schedule is known by its id. */
  const one = async <T>(schedule: string, id: string, ms: number, ask: () => Promise<T>): Promise<T> => {
    const isOfSchedule =
      id.startsWith(`${schedule}-backfill-`) && !id.slice(`${schedule}-backfill-`.length).includes('-')
    if (!isOfSchedule) throw new BackfillNotFoundError(id)
    return within(ms, ask)
  }
  const options = ({ key: _, ...backfill }: NewBackfill) => backfill

  return {
    plan: (caller, schedule, backfill) =>
      within(changePatienceMs, () => of(caller).planBackfill(schedule, options(backfill))),
    start: (caller, schedule, backfill) =>
      within(changePatienceMs, async () => {
        const theirs = of(caller)
        const { id, existed, warnings } = await theirs.backfill(schedule, backfill)
        const view = await theirs.showBackfill(id)
        return { existed, backfill: { ...view, warnings: [...warnings, ...view.warnings] } }
      }),
    list: (caller, schedule, limit) => within(patienceMs, () => of(caller).backfills(schedule, { limit })),
    show: (caller, schedule, id) => one(schedule, id, patienceMs, () => of(caller).showBackfill(id)),
    pause: (caller, schedule, id, note) =>
      one(schedule, id, changePatienceMs, () => of(caller).pauseBackfill(id, { note })),
    resume: (caller, schedule, id) =>
      one(schedule, id, changePatienceMs, () => of(caller).resumeBackfill(id)),
    cancel: (caller, schedule, id) =>
      one(schedule, id, changePatienceMs, async () => {
        const theirs = of(caller)
        await theirs.cancelBackfill(id)
        return theirs.showBackfill(id)
      }),
  }
}
