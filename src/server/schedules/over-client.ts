import type { Client } from '@temporalio/client'
import type { PipelinePlan } from '../../pipeline/plan/index.ts'
import { SchedulesClient, type SchedulesClientOptions } from '../../schedules/index.ts'
import type { Caller, NewSchedule, Schedules } from '../ports/index.ts'

export interface SchedulesOptions extends Pick<SchedulesClientOptions, 'installation' | 'timing'> {
  /** How long Temporal may take to answer. @default 5_000 */
  patienceMs?: number
  /** How long a change may take, which a worker has to take up. @default 15_000 */
  changePatienceMs?: number
}

/** Schedules in Temporal, through a client that is bound to the caller's workspace. */
export function createSchedules(
  client: Client,
  { installation, timing, patienceMs = 5_000, changePatienceMs = 15_000 }: SchedulesOptions,
): Schedules {
  const everybodys = new SchedulesClient(client, { installation, timing })
  const of = ({ workspace, email }: Caller) =>
    everybodys.as({ workspace, owner: { workspace, email, installation } })
  /** Whoever waits for an answer shall have one, whether Temporal is there or not. */
  const within = <T>(ms: number, ask: () => Promise<T>): Promise<T> =>
    client.withDeadline(Date.now() + ms, ask)
  const soon = <T>(ask: () => Promise<T>): Promise<T> => within(patienceMs, ask)
  const changed = <T>(ask: () => Promise<T>): Promise<T> => within(changePatienceMs, ask)
  const asNew = ({ plan, request, version }: NewSchedule) => ({
    pipeline: plan as unknown as PipelinePlan,
    schedule: request,
    version,
  })

  return {
    plan: (caller, schedule) => soon(() => of(caller).plan(asNew(schedule))),
    apply: (caller, schedule) => changed(() => of(caller).apply(asNew(schedule))),
    list: (caller, filter) => soon(() => of(caller).list(filter)),
    show: (caller, name) => soon(() => of(caller).show(name)),
    async delete(caller, name) {
      await changed(() => of(caller).delete(name))
    },
    pause: (caller, name, note) => changed(() => of(caller).pause(name, { note })),
    resume: (caller, name) => changed(() => of(caller).resume(name)),
    trigger: (caller, name, { inputs, key }) => changed(() => of(caller).trigger(name, { inputs, key })),
    ticks: (caller, name, { outcomes, ...range }) =>
      soon(() => of(caller).ledger(name, { ...dates(range), outcomes })),
    simulate: (caller, schedule, { count, assumeMs, ...range }) =>
      soon(() => of(caller).simulate(schedule, { ...dates(range), count, assumeMs })),
  }
}

function dates({ fromMs, untilMs }: { fromMs?: number; untilMs?: number }) {
  const date = (ms: number | undefined) => (ms === undefined ? undefined : new Date(ms))
  return { from: date(fromMs), until: date(untilMs) }
}
