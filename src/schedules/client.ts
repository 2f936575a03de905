import type { Client } from '@temporalio/client'
import type { BackfillPlan, BackfillView, StartedBackfill } from '../contract/schedules/backfills.ts'
import type { ScheduleChange, ScheduleView, Simulation, TickRow } from '../contract/schedules/view.ts'
import { type CallOptions, waitFor } from '../pipelines/waiting.ts'
import type { ScheduleRequest } from '../schedule/plan/index.ts'
import { applySchedule, planSchedule } from './apply.ts'
import { showBackfill } from './backfill-look.ts'
import { planBackfill } from './backfill-plan.ts'
import type { BackfillOptions, ListBackfills, StartBackfill } from './backfill-types.ts'
import {
  cancelBackfill,
  listBackfills,
  pauseBackfill,
  resumeBackfill,
  startBackfill,
  watchBackfill,
} from './backfills.ts'
import { readLedger } from './ledger.ts'
import { listSchedules } from './list.ts'
import {
  contextAs,
  resolveSchedulesOptions,
  type SchedulesClientOptions,
  type SchedulesContext,
} from './options.ts'
import { simulateSchedule } from './simulate.ts'
import { deleteSchedule, pauseSchedule, resumeSchedule, showSchedule, triggerSchedule } from './steer.ts'
import type {
  ListSchedules,
  NewSchedule,
  PauseSchedule,
  ReadLedger,
  SchedulePage,
  SimulateSchedule,
  TriggeredRun,
  TriggerSchedule,
} from './types.ts'

/**
 * Schedules of pipelines: applies, explains and steers them. They live in Temporal only: this needs nothing else.
 *
 * A name means one schedule of a workspace: of the one that the client is bound to, else of the owner's; all others do not exist. Every
 * call takes an `AbortSignal`, which ends the waiting only.
 *
 * @example
 * ```ts
 * import { connectTemporal, SchedulesClient } from 'jobwright'
 * import { JobsClient } from 'jobwright/client'
 *
 * const api = new JobsClient({ baseUrl: 'http://127.0.0.1:8300/api/v1', token: 'TOKEN' })
 * const temporal = await connectTemporal({ address: '127.0.0.1:7233', namespace: 'default' })
 * const schedules = new SchedulesClient(temporal, { owner: () => api.whoami() })
 * for (const { name, next_at } of (await schedules.list()).schedules) console.log(name, next_at[0])
 * ```
 */
export class SchedulesClient {
  #context: SchedulesContext

  constructor(client: Client, options: SchedulesClientOptions = {}) {
    this.#context = resolveSchedulesOptions(client, options)
  }

  /** The same client for somebody else: it sees and makes schedules of their workspace. */
  as({ owner, workspace }: Pick<SchedulesClientOptions, 'owner' | 'workspace'>): SchedulesClient {
    const other = new SchedulesClient(this.#context.client)
    other.#context = contextAs(this.#context, { owner, workspace })
    return other
  }

  /**
   * What `apply` would change; changes nothing.
   * @throws what `apply` throws
   *
   * @example
   * ```ts
   * const { change, differences, next_before, next_after } = await schedules.plan({ pipeline: plan, schedule })
   * console.log(change, differences, next_before, next_after)
   * ```
   */
  plan(schedule: NewSchedule, options: CallOptions = {}): Promise<ScheduleChange> {
    return this.#within(options, (context) => planSchedule(context, schedule))
  }

  /**
   * Makes a schedule, or makes it say this; done again, nothing changes. Runs to come are of it, and none is started by it. Plan and inputs
   * are checked as at the start of a run. Answers when Temporal's schedule is in place.
   * @throws PipelineFindingsError `invalid_pipeline`, `invalid_inputs`
   * @throws JobwrightError `schedule_name_taken` where another pipeline has a schedule of this name, `no_worker` where none took it up
   *
   * @example
   * ```ts
   * import { compilePipeline } from 'jobwright'
   *
   * const text = `name: nap
   * schedule: { cron: '30 2 * * *', timezone: Europe/Berlin }
   * steps: { nap: { job_type: sleep, config: { duration: 2s } } }`
   * const compiled = compilePipeline(text, { file: 'nap.yaml' })
   * for (const schedule of compiled.schedules ?? [])
   *   if (compiled.plan) console.log(await schedules.apply({ pipeline: compiled.plan, schedule }))
   * ```
   */
  apply(schedule: NewSchedule, options: CallOptions = {}): Promise<ScheduleChange> {
    return this.#within(options, (context) => applySchedule(context, schedule))
  }

  /**
   * A page of the schedules there are, by name. @throws JobwrightError `bad_cursor`
   *
   * @example
   * ```ts
   * const page = await schedules.list()
   * for (const { name, next_at, warnings } of page.schedules) console.log(name, next_at[0], warnings)
   * ```
   */
  list(options: ListSchedules = {}): Promise<SchedulePage> {
    return this.#within(options, (context) => listSchedules(context, options))
  }

  /**
   * When it is due, what it waits for, why it is paused. @throws ScheduleNotFoundError
   *
   * @example
   * ```ts
   * const { paused_because, next_at, last } = await schedules.show('nightly')
   * ```
   */
  show(name: string, options: CallOptions = {}): Promise<ScheduleView> {
    return this.#within(options, (context) => showSchedule(context, name))
  }

  /**
   * Nothing is due until it is resumed; runs of it go on. @throws ScheduleNotFoundError
   *
   * @example
   * ```ts
   * await schedules.pause('nightly', { note: 'the warehouse is being moved' })
   * ```
   */
  pause(name: string, options: PauseSchedule = {}): Promise<ScheduleView> {
    return this.#within(options, (context) => pauseSchedule(context, name, options))
  }

  /**
   * Goes on with the next time to come; what was due meanwhile is not made up for. @throws ScheduleNotFoundError
   *
   * @example
   * ```ts
   * const { next_at } = await schedules.resume('nightly')
   * ```
   */
  resume(name: string, options: CallOptions = {}): Promise<ScheduleView> {
    return this.#within(options, (context) => resumeSchedule(context, name))
  }

  /**
   * Starts a run now, whatever else is open, also while it is paused.
   * @throws ScheduleNotFoundError, PipelineFindingsError `invalid_inputs`, JobwrightError `run_id_reused` for a key that was used with other
   * inputs
   *
   * @example
   * ```ts
   * const { run } = await schedules.trigger('nightly', { inputs: { severity: 'high' } })
   * console.log(await pipelines.get(run).result())
   * ```
   */
  trigger(name: string, options: TriggerSchedule = {}): Promise<TriggeredRun> {
    return this.#within(options, (context) => triggerSchedule(context, name, options))
  }

  /**
   * Nothing is due any more; runs of it go on. Answers it as it was. @throws ScheduleNotFoundError
   *
   * @example
   * ```ts
   * const { open_runs } = await schedules.delete('nightly')
   * ```
   */
  delete(name: string, options: CallOptions = {}): Promise<ScheduleView> {
    return this.#within(options, (context) => deleteSchedule(context, name))
  }

  /**
   * What became of each of its times: a row for each, oldest first, and for each run that was triggered by hand.
   * @throws ScheduleNotFoundError, JobwrightError `empty_range`, `too_many_ticks`
   *
   * @example
   * ```ts
   * const rows = await schedules.ledger('nightly', { from: new Date('2026-04-13'), outcomes: ['missed', 'skipped'] })
   * for (const { nominal_at, outcome, reason } of rows) console.log(nominal_at, outcome, reason)
   * ```
   */
  ledger(name: string, options: ReadLedger = {}): Promise<TickRow[]> {
    return this.#within(options, (context) => readLedger(context, name, options))
  }

  /**
   * The times to come, and what would become of them. Of a schedule that exists (a name), Temporal is asked for its times, too.
   * @throws ScheduleNotFoundError, JobwrightError `empty_range`, `too_many_ticks`
   *
   * @example
   * ```ts
   * const { ticks } = await schedules.simulate('nightly', { count: 20, assumeMs: 25 * 60_000 })
   * for (const { local_at, dst, outcome } of ticks) console.log(local_at, dst, outcome)
   * ```
   */
  simulate(schedule: string | ScheduleRequest, options: SimulateSchedule = {}): Promise<Simulation> {
    return this.#within(options, (context) => simulateSchedule(context, schedule, options))
  }

  /**
   * What a backfill of a range would do: a line for each of its times, with the newest run that it has. Starts nothing.
   * @throws ScheduleNotFoundError
   * @throws JobwrightError `bad_time`, `empty_range`, `future_range`, `no_ticks`, `too_many_ticks`, `bad_max_active`
   */
  planBackfill(name: string, options: BackfillOptions): Promise<BackfillPlan> {
    return this.#within(options, (context) => planBackfill(context, name, options))
  }

  /**
   * Makes up for times of a schedule that have been, also of one that is paused. It goes on whoever watches; no time is run twice by it,
   * however many backfills there are. To wait for its end, watch it.
   * @throws what `planBackfill` throws, and JobwrightError `bad_key`, `backfill_id_reused`
   */
  backfill(name: string, options: StartBackfill): Promise<StartedBackfill> {
    return this.#within(options, (context) => startBackfill(context, name, options))
  }

  /** The backfills of a schedule, newest first, as far as Temporal remembers them. @throws ScheduleNotFoundError */
  backfills(name: string, options: ListBackfills = {}): Promise<BackfillView[]> {
    return this.#within(options, (context) => listBackfills(context, name, options))
  }

  /** Where a backfill stands. @throws BackfillNotFoundError */
  showBackfill(id: string, options: CallOptions = {}): Promise<BackfillView> {
    return this.#within(options, (context) => showBackfill(context, id))
  }

  /** Yields the view of a backfill whenever it changed, the last one when it is over. @throws BackfillNotFoundError */
  watchBackfill(id: string, options: CallOptions = {}): AsyncGenerator<BackfillView, void, undefined> {
    return watchBackfill(() => this.showBackfill(id, options), options, this.#context.closing)
  }

  /** It starts nothing more until it is resumed; its runs go on. @throws BackfillNotFoundError, JobwrightError `backfill_over`, `no_worker` */
  pauseBackfill(id: string, options: PauseSchedule = {}): Promise<BackfillView> {
    return this.#within(options, (context) => pauseBackfill(context, id, options))
  }

  /** @throws as `pauseBackfill` does */
  resumeBackfill(id: string, options: CallOptions = {}): Promise<BackfillView> {
    return this.#within(options, (context) => resumeBackfill(context, id))
  }

  /**
   * Asks it to stop: it starts nothing more, cancels its open runs, and is over when they are. Times that were not begun stay as they are.
   * To wait for that, watch it. @throws BackfillNotFoundError
   */
  cancelBackfill(id: string, options: CallOptions = {}): Promise<void> {
    return this.#within(options, (context) => cancelBackfill(context, id))
  }

  #within<T>(options: CallOptions, work: (context: SchedulesContext) => Promise<T>): Promise<T> {
    return waitFor(this.#context, options, () => work(this.#context))
  }
}
