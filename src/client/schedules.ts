import type { Json, JsonObject } from '../base/json.ts'
import { present } from '../base/present.ts'
import type { PipelineRunSummary } from '../contract/pipelines/view.ts'
import type { BackfillPlan, BackfillView } from '../contract/schedules/backfills.ts'
import type {
  AppliedSchedule,
  BackfillListQuery,
  ScheduleListQuery,
  SimulationQuery,
  StartBackfillBody,
  TickListQuery,
} from '../contract/schedules/schemas.ts'
import { scheduleTargets as targets } from '../contract/schedules/targets.ts'
import type { ScheduleView, Simulation, TickRow } from '../contract/schedules/view.ts'
import { readList, type WireList } from './lists.ts'
import type { CreateOptions } from './options.ts'
import type { PipelineSource } from './pipeline-runs.ts'
import { having, type Reader, refuse } from './reading.ts'
import {
  type Call,
  type CallOptions,
  createTransport,
  type JobsClientOptions,
  type Target,
  type Transport,
} from './transport.ts'

/** When and how a schedule runs, as `schedule:` of a pipeline file has it, without a name. */
export type ScheduleSource = Readonly<Record<string, Json>>

/** What is simulated: the schedules of a pipeline, all or the one of a name, or one that is given. */
export type SimulatedSource = { name?: string | undefined } & (
  | { yaml: string }
  | { pipeline: string; version?: number | undefined }
  | { schedule: ScheduleSource }
)

/** Which times of a schedule that have been are made up for, and how. */
export type BackfillRange = Omit<StartBackfillBody, 'plan'>

export interface ApplyScheduleOptions extends CallOptions {
  /** In place of what the pipeline's own file says; a plan has none. */
  schedule?: ScheduleSource | undefined
  /** Only tells what would change. @default false */
  dryRun?: boolean | undefined
}

export interface TriggerScheduleOptions extends CreateOptions {
  /** Over those of the schedule, for this run. */
  inputs?: Readonly<Record<string, Json>> | undefined
}

const readChange = having<AppliedSchedule>('name', 'change')
const readSchedule = having<ScheduleView>('name', 'pipeline', 'timezone')
const readSchedules = readList(readSchedule)
const readTicks = readList(having<TickRow>('nominal_at', 'outcome'))
const readSimulation: Reader<Simulation> = (value, pointer) => {
  const simulation = having<Simulation & JsonObject>('schedule')(value, pointer)
  if (!Array.isArray(simulation.ticks)) refuse(`${pointer}/ticks`, 'a list', simulation.ticks)
  return simulation
}
const readSimulations = readList(readSimulation)
const readBackfill = having<BackfillView>('id', 'schedule', 'status')
const readBackfills = readList(readBackfill)
const readPlan: Reader<BackfillPlan> = (value, pointer) => {
  const plan = having<BackfillPlan & JsonObject>('schedule')(value, pointer)
  if (!Array.isArray(plan.lines)) refuse(`${pointer}/lines`, 'a list', plan.lines)
  return plan
}
const readRun = having<PipelineRunSummary>('id', 'pipeline', 'status')

/**
 * A client of the API of schedules of our server, for Node.js and browsers. No retries of its own.
 * Every method throws JobsApiError, as JobsClient does.
 *
 * @example
 * ```ts
 * import { PipelineSchedulesClient } from 'jobwright/client'
 *
 * const schedules = new PipelineSchedulesClient({ baseUrl: 'http://127.0.0.1:8300/api/v1', token: 'TOKEN' })
 * const schedule = { cron: '30 2 * * *', timezone: 'Europe/Berlin' }
 * const { change, next_after } = await schedules.apply('night', { pipeline: 'night' }, { schedule })
 * console.log(change, next_after)
 * for (const { nominal_at, outcome, reason } of (await schedules.ticks('night')).items) console.log(nominal_at, outcome, reason)
 * ```
 */
export class PipelineSchedulesClient {
  readonly #transport: Transport

  /** @throws JobwrightError `bad_base_url` */
  constructor(options: JobsClientOptions) {
    this.#transport = createTransport(options)
  }

  /** Makes a schedule of this name, or makes it say this. The same again changes nothing; no run is started by it, and no pause is lost. */
  apply(
    name: string,
    source: PipelineSource,
    { schedule, dryRun = false, ...options }: ApplyScheduleOptions = {},
  ): Promise<AppliedSchedule> {
    const json = { ...source, ...(schedule === undefined ? {} : { schedule }) }
    const query = dryRun ? { dry_run: true } : {}
    return this.#transport.sendJson(
      targets.applySchedule,
      { ...options, params: { name }, query, json },
      readChange,
    )
  }

  /** By name. */
  list(query: ScheduleListQuery = {}, options: CallOptions = {}): Promise<WireList<ScheduleView>> {
    return this.#transport.sendJson(targets.listSchedules, { ...options, query }, readSchedules)
  }

  /** When it is due, what it waits for, and why it is paused. */
  show(name: string, options: CallOptions = {}): Promise<ScheduleView> {
    return this.#transport.sendJson(targets.getSchedule, { ...options, params: { name } }, readSchedule)
  }

  /** Runs of it go on. */
  async delete(name: string, options: CallOptions = {}): Promise<void> {
    await this.#transport.send(targets.deleteSchedule, { ...options, params: { name } })
  }

  /** Until it is resumed; runs of it go on. */
  pause(
    name: string,
    { note, ...options }: CallOptions & { note?: string | undefined } = {},
  ): Promise<ScheduleView> {
    const json = note === undefined ? {} : { note }
    return this.#transport.sendJson(
      targets.pauseSchedule,
      { ...options, params: { name }, json },
      readSchedule,
    )
  }

  /** It runs with the next time that is to come; what was due meanwhile is not made up for. */
  resume(name: string, options: CallOptions = {}): Promise<ScheduleView> {
    return this.#transport.sendJson(targets.resumeSchedule, { ...options, params: { name } }, readSchedule)
  }

  /** Starts a run now, whatever else runs. Under an idempotency key it is started once, however often this is sent. */
  trigger(
    name: string,
    { inputs, idempotencyKey, ...options }: TriggerScheduleOptions = {},
  ): Promise<PipelineRunSummary> {
    const headers = { 'Idempotency-Key': idempotencyKey }
    const json = inputs === undefined ? {} : { inputs }
    return this.#transport.sendJson(
      targets.triggerSchedule,
      { ...options, params: { name }, json, headers },
      readRun,
    )
  }

  /** What became of each time, oldest first; as far as runs are kept. */
  ticks(name: string, query: TickListQuery = {}, options: CallOptions = {}): Promise<WireList<TickRow>> {
    return this.#transport.sendJson(targets.listTicks, { ...options, params: { name }, query }, readTicks)
  }

  /** The same as CSV, with a line of names first. */
  async ticksCsv(name: string, query: TickListQuery = {}, options: CallOptions = {}): Promise<string> {
    const headers = { accept: 'text/csv' }
    const { body } = await this.#transport.send(targets.listTicks, {
      ...options,
      params: { name },
      query,
      headers,
    })
    return new TextDecoder().decode(body)
  }

  /** When a schedule will be due, and what would become of each time if its runs took as long as is assumed. */
  simulation(name: string, query: SimulationQuery = {}, options: CallOptions = {}): Promise<Simulation> {
    const call = { ...options, params: { name }, query }
    return this.#transport.sendJson(targets.simulateSchedule, call, readSimulation)
  }

  /**
   * The same of the schedules of a file, or of one that is no file's; none of them has to be there.
   *
   * @example
   * ```ts
   * import { PipelineSchedulesClient } from 'jobwright/client'
   *
   * const schedules = new PipelineSchedulesClient({ baseUrl: 'http://127.0.0.1:8300/api/v1', token: 'TOKEN' })
   * const schedule = { cron: '30 2 * * *', timezone: 'Europe/Berlin' }
   * const [night] = (await schedules.simulate({ schedule }, { count: 3, assume: '25m' })).items
   * console.log(night?.ticks.map(({ local_at, outcome }) => `${local_at} ${outcome}`))
   * ```
   */
  simulate(
    source: SimulatedSource,
    { count, from, until, assume, ...options }: SimulationQuery & CallOptions = {},
  ): Promise<WireList<Simulation>> {
    const json = { ...source, ...present({ count, from, until, assume }) }
    return this.#transport.sendJson(targets.simulateSchedules, { ...options, json }, readSimulations)
  }

  /** What a backfill of a range would do. */
  planBackfill(name: string, range: BackfillRange, options: CallOptions = {}): Promise<BackfillPlan> {
    const call = { ...options, params: { name }, json: { ...range, plan: true } }
    return this.#transport.sendJson(targets.startBackfill, call, readPlan)
  }

  /** Makes up for times of a range. Under an idempotency key it is started once, however often this is sent. */
  backfill(
    name: string,
    range: BackfillRange,
    { idempotencyKey, ...options }: CreateOptions = {},
  ): Promise<BackfillView> {
    const headers = { 'Idempotency-Key': idempotencyKey }
    const call = { ...options, params: { name }, json: range, headers }
    return this.#transport.sendJson(targets.startBackfill, call, readBackfill)
  }

  /** Newest first, as far as they are remembered. */
  backfills(
    name: string,
    query: BackfillListQuery = {},
    options: CallOptions = {},
  ): Promise<WireList<BackfillView>> {
    const call = { ...options, params: { name }, query }
    return this.#transport.sendJson(targets.listBackfills, call, readBackfills)
  }

  /** How far a backfill is. */
  showBackfill(name: string, id: string, options: CallOptions = {}): Promise<BackfillView> {
    return this.#ofBackfill(targets.getBackfill, name, id, options)
  }

  /** Until it is resumed; runs of it go on. */
  pauseBackfill(
    name: string,
    id: string,
    { note, ...options }: CallOptions & { note?: string | undefined } = {},
  ): Promise<BackfillView> {
    return this.#ofBackfill(targets.pauseBackfill, name, id, { ...options, json: present({ note }) })
  }

  resumeBackfill(name: string, id: string, options: CallOptions = {}): Promise<BackfillView> {
    return this.#ofBackfill(targets.resumeBackfill, name, id, options)
  }

  /** It starts nothing more, cancels its open runs, and is over when they are. */
  cancelBackfill(name: string, id: string, options: CallOptions = {}): Promise<BackfillView> {
    return this.#ofBackfill(targets.cancelBackfill, name, id, options)
  }

  #ofBackfill(target: Target, name: string, id: string, call: Call): Promise<BackfillView> {
    const params = { name, backfill_id: id }
    return this.#transport.sendJson(target, { ...call, params }, readBackfill)
  }
}
