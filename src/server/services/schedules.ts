import { parseDurationMs } from '../../base/duration.ts'
import type { JsonObject } from '../../base/json.ts'
import { present } from '../../base/present.ts'
import {
  type AppliedSchedule,
  type ApplyScheduleBody,
  type PipelineRunSummary,
  type ScheduleListQuery,
  type ScheduleView,
  type SimulateBody,
  type Simulation,
  type SimulationQuery,
  scheduleLimits,
  type TickListQuery,
  type TickRow,
  type TriggerScheduleBody,
} from '../../contract/index.ts'
import type { Caller, PipelineRuns, Schedules, SimulationRange } from '../ports/index.ts'
import { idempotencyKey } from './idempotency.ts'
import { pageOf } from './pages.ts'
import { throwAsProblem } from './pipeline-runs.ts'
import { invalid, type ProblemDetail } from './problems.ts'
import type { ScheduleCompiler } from './schedule-compiler.ts'
import { checkScheduleName, keyDigits, type Pointers, rangeOf, throwWith } from './schedule-requests.ts'

export interface ScheduleServiceDeps {
  schedules: Schedules
  runs: Pick<PipelineRuns, 'summary'>
  compiler: ScheduleCompiler
  /** Tells this database apart from every other that may share a Temporal namespace. */
  installationId(): Promise<string>
}

interface PageOf<T> {
  items: T[]
  nextCursor: string | null
}

export interface ScheduleService {
  apply(
    caller: Caller,
    name: string,
    body: ApplyScheduleBody,
    options: { isDryRun: boolean },
  ): Promise<AppliedSchedule>
  list(caller: Caller, query: ScheduleListQuery): Promise<PageOf<ScheduleView>>
  show(caller: Caller, name: string): Promise<ScheduleView>
  delete(caller: Caller, name: string): Promise<void>
  pause(caller: Caller, name: string, note: string | undefined): Promise<ScheduleView>
  resume(caller: Caller, name: string): Promise<ScheduleView>
  trigger(
    caller: Caller,
    name: string,
    body: TriggerScheduleBody,
    key: string | undefined,
  ): Promise<{ run: PipelineRunSummary; replayed: boolean }>
  ticks(caller: Caller, name: string, query: TickListQuery): Promise<PageOf<TickRow>>
  simulate(caller: Caller, body: SimulateBody): Promise<Simulation[]>
  simulation(caller: Caller, name: string, query: SimulationQuery): Promise<Simulation>
}

/** Schedules over HTTP. Errors are ApiProblems. */
export function createScheduleService(deps: ScheduleServiceDeps): ScheduleService {
  const { schedules, compiler } = deps
  /** Every call on a schedule: its name is one, and what goes wrong is told as a problem. */
  const on = async <T>(name: string, ask: () => Promise<T>, pointers?: Pointers): Promise<T> => {
    checkScheduleName(name)
    return ask().catch((error: unknown) => throwWith(error, pointers))
  }
  return {
    apply: (caller, name, body, { isDryRun }) =>
      on(name, async () => {
        const { findings, ...schedule } = await compiler.compile(caller, name, body)
        const change = await (isDryRun ? schedules.plan : schedules.apply)(caller, schedule)
        return { ...change, findings }
      }),
    async list(caller, { limit = scheduleLimits.listed, ...filter }) {
      const page = schedules.list(caller, { ...present(filter), limit })
      const { schedules: items, nextCursor } = await page.catch(throwAsProblem)
      return { items, nextCursor }
    },
    show: (caller, name) => on(name, () => schedules.show(caller, name)),
    delete: (caller, name) => on(name, () => schedules.delete(caller, name)),
    pause: (caller, name, note) => on(name, () => schedules.pause(caller, name, note)),
    resume: (caller, name) => on(name, () => schedules.resume(caller, name)),
    trigger: (caller, name, body, key) => on(name, () => trigger(deps, caller, name, body, key)),
    ticks: (caller, name, query) => on(name, () => ticks(schedules, caller, name, query), inQuery),
    async simulate(caller, body) {
      const range = simulationRange(body, '/')
      const requests = await compiler.requests(caller, body)
      const ask = requests.map((request) => schedules.simulate(caller, request, range))
      return Promise.all(ask).catch((error: unknown) => throwWith(error, inBody))
    },
    simulation: (caller, name, query) =>
      on(name, () => schedules.simulate(caller, name, simulationRange(query, '?')), inQuery),
  }
}

const inQuery: Pointers = { empty_range: '?until', too_many_ticks: '?until' }
const inBody: Pointers = { empty_range: '/until', too_many_ticks: '/until' }

async function trigger(
  { schedules, runs, installationId }: ScheduleServiceDeps,
  caller: Caller,
  name: string,
  body: TriggerScheduleBody,
  keyText: string | undefined,
): Promise<{ run: PipelineRunSummary; replayed: boolean }> {
  const sent = idempotencyKey(keyText, body)
  // Nothing in it can be guessed from, and no other schedule, workspace or database makes the same.
  const key = sent && keyDigits([await installationId(), caller.workspace, name, sent.key])
  const inputs = (body.inputs ?? undefined) as JsonObject | undefined
  const { run, existed } = await schedules.trigger(caller, name, present({ inputs, key }))
  return { run: await runs.summary(caller, run), replayed: existed }
}

async function ticks(
  schedules: Schedules,
  caller: Caller,
  name: string,
  { from, until, outcome, ...page }: TickListQuery,
): Promise<PageOf<TickRow>> {
  const rows = await schedules.ticks(
    caller,
    name,
    present({ ...rangeOf({ from, until }, '?'), outcomes: outcome }),
  )
  // Only triggers by hand can have the same time.
  const keyOf = (row: TickRow) => `${row.nominal_at}${row.outcome === 'manual' ? ` ${row.run}` : ''}`
  return pageOf(rows, keyOf, page, caller, ['ticks', name, from ?? '', until ?? '', outcome ?? []])
}

/** @throws ApiProblem 422 with all that is wrong with it */
function simulationRange({ count, from, until, assume }: SimulationQuery, at: '?' | '/'): SimulationRange {
  const problems: ProblemDetail[] = []
  if (count !== undefined && until !== undefined)
    problems.push({
      pointer: `${at}count`,
      detail: 'is given together with until; expected one of them: how many times, or until when',
    })
  const assumeMs = assume === undefined ? undefined : parseDurationMs(assume)
  if (assume !== undefined && !assumeMs)
    problems.push({
      pointer: `${at}assume`,
      detail: `${JSON.stringify(assume.slice(0, 60))} is no duration; expected one such as 90s, 25m or 2h`,
    })
  if (problems.length > 0) throw invalid('validation_failed', problems)
  return present({ count, assumeMs, ...rangeOf({ from, until }, at) })
}
