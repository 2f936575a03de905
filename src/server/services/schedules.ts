import { createHash } from 'node:crypto'
import { parseDurationMs } from '../../base/duration.ts'
import { JobwrightError } from '../../base/errors.ts'
import type { Json, JsonObject } from '../../base/json.ts'
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
  scheduleNamePattern,
  type TickListQuery,
  type TickRow,
  type TriggerScheduleBody,
} from '../../contract/index.ts'
import { PipelineFindingsError } from '../../pipeline/index.ts'
import type { Caller, PipelineRuns, Schedules, SimulationRange } from '../ports/index.ts'
import { idempotencyKey } from './idempotency.ts'
import { pageOf } from './pages.ts'
import { withFindings } from './pipeline-compiler.ts'
import { throwAsProblem } from './pipeline-runs.ts'
import { invalid, type ProblemDetail } from './problems.ts'
import { instants, milliseconds } from './queries.ts'
import type { ScheduleCompiler } from './schedule-compiler.ts'

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
    checkName(name)
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

/** Where in a request it stands what an error of a code is about. */
type Pointers = Readonly<Record<string, string>>
const inQuery: Pointers = { empty_range: '?until', too_many_ticks: '?until' }
const inBody: Pointers = { empty_range: '/until', too_many_ticks: '/until' }

function throwWith(error: unknown, pointers: Pointers = {}): never {
  if (error instanceof PipelineFindingsError && error.code === 'invalid_inputs')
    throw withFindings('invalid_inputs', '/inputs', error.findings)
  const pointer =
    error instanceof JobwrightError && error.fault === 'usage' ? pointers[error.code] : undefined
  if (pointer === undefined || !(error instanceof JobwrightError)) return throwAsProblem(error)
  const { code, message, fix } = error
  throw invalid(code, [{ pointer, detail: fix === undefined ? message : `${message}; ${fix}` }])
}

async function trigger(
  { schedules, runs, installationId }: ScheduleServiceDeps,
  caller: Caller,
  name: string,
  body: TriggerScheduleBody,
  keyText: string | undefined,
): Promise<{ run: PipelineRunSummary; replayed: boolean }> {
  const sent = idempotencyKey(keyText, body)
  // Nothing in it can be guessed from, and no other schedule, workspace or database makes the same.
  const key = sent && digestOf([await installationId(), caller.workspace, name, sent.key])
  const inputs = (body.inputs ?? undefined) as JsonObject | undefined
  const { run, existed } = await schedules.trigger(caller, name, present({ inputs, key }))
  return { run: await runs.summary(caller, run), replayed: existed }
}

const digestOf = (parts: Json): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 40)

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

function rangeOf(range: { from?: string | undefined; until?: string | undefined }, at: '?' | '/') {
  const { from, until } = instants(range, ['from', 'until'], at)
  return { fromMs: milliseconds(from), untilMs: milliseconds(until) }
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

function checkName(name: string): void {
  if (scheduleNamePattern.test(name)) return
  throw invalid('validation_failed', [
    {
      pointer: '{name}',
      detail: `${JSON.stringify(name.slice(0, 80))} cannot name a schedule; expected letters, digits, -, _ and ., beginning with a letter or digit, at most 100`,
    },
  ])
}
