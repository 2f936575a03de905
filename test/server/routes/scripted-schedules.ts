import { JobwrightError } from '../../../src/base/errors.ts'
import type { ScheduleChange, ScheduleView, Simulation, TickRow } from '../../../src/contract/index.ts'
import type { NewSchedule, Schedules } from '../../../src/server/ports/index.ts'
import type { ScriptedRuns } from './scripted-runs.ts'

/** Schedules that never tick, whose ledger a test writes: what HTTP makes of them is what it is about. */
export interface ScriptedSchedules extends Schedules {
  /** What a schedule was applied with last. */
  applied(name: string): NewSchedule | undefined
  /** Writes the ledger of a schedule. */
  write(name: string, rows: readonly Omit<TickRow, 'schedule'>[]): void
  /** From now on every call fails like this; undefined: no more. */
  fail(error: Error | undefined): void
}

interface Entry {
  workspace: string
  view: ScheduleView
  schedule: NewSchedule
  rows: TickRow[]
}

export function scriptedSchedules(runs: ScriptedRuns): ScriptedSchedules {
  const entries: Entry[] = []
  let failure: Error | undefined
  const get = (workspace: string, name: string) => {
    if (failure) throw failure
    return entries.find((entry) => entry.workspace === workspace && entry.view.name === name)
  }
  const find = (workspace: string, name: string): Entry => {
    const entry = get(workspace, name)
    if (entry) return entry
    throw new JobwrightError({ code: 'unknown_schedule', fault: 'usage', message: `no schedule ${name}` })
  }
  const change = (workspace: string, name: string, how: Partial<ScheduleView>): ScheduleView => {
    const entry = find(workspace, name)
    entry.view = { ...entry.view, ...how }
    return entry.view
  }
  const planned = (entry: Entry | undefined, next: NewSchedule, isDryRun: boolean): ScheduleChange => {
    const isSame = JSON.stringify(entry?.schedule) === JSON.stringify(next)
    if (entry && entry.view.pipeline !== next.plan['name'])
      throw new JobwrightError({
        code: 'schedule_name_taken',
        fault: 'refused',
        message: `the schedule ${next.request.name} is of the pipeline ${entry.view.pipeline}`,
      })
    return {
      name: next.request.name,
      change: entry === undefined ? 'created' : isSame ? 'unchanged' : 'updated',
      dry_run: isDryRun,
      differences: [],
      next_before: [],
      next_after: [],
      timezone: next.request.spec.timezone,
      paused: false,
      warnings: [],
      schedule: entry?.view ?? null,
    }
  }
  return {
    applied: (name) => entries.findLast(({ view }) => view.name === name)?.schedule,
    write(name, rows) {
      const entry = entries.findLast(({ view }) => view.name === name)
      if (!entry) throw new Error(`no schedule ${name}`)
      entry.rows = rows.map((row) => ({ schedule: name, ...row }))
    },
    fail(error) {
      failure = error
    },
    plan: async ({ workspace }, next) => planned(get(workspace, next.request.name), next, true),
    async apply({ workspace, email }, next) {
      const { name } = next.request
      const entry = get(workspace, name)
      const answer = planned(entry, next, false)
      const revision = (entry?.view.revision ?? 0) + (answer.change === 'unchanged' ? 0 : 1)
      const view = { ...viewOf(next), workspace, owner: email, revision }
      if (entry) Object.assign(entry, { view, schedule: next })
      else entries.push({ workspace, view, schedule: next, rows: [] })
      return { ...answer, schedule: view }
    },
    async list({ workspace }, { limit, cursor, pipeline }) {
      if (failure) throw failure
      if (cursor !== undefined && !cursor.startsWith(`${workspace}/`))
        throw new JobwrightError({ code: 'bad_cursor', fault: 'usage', message: 'not of this list' })
      const after = cursor?.slice(workspace.length + 1) ?? ''
      const rest = entries
        .filter((entry) => entry.workspace === workspace)
        .map(({ view }) => view)
        .filter((view) => view.name > after && (pipeline === undefined || view.pipeline === pipeline))
        .toSorted((a, b) => (a.name < b.name ? -1 : 1))
      const page = rest.slice(0, limit)
      const last = page.at(-1)
      return {
        schedules: page,
        nextCursor: last && rest.length > page.length ? `${workspace}/${last.name}` : null,
      }
    },
    show: async ({ workspace }, name) => find(workspace, name).view,
    async delete({ workspace }, name) {
      entries.splice(entries.indexOf(find(workspace, name)), 1)
    },
    pause: async ({ workspace, email }, name, note) =>
      change(workspace, name, { paused: true, paused_because: note ?? `paused by ${email}` }),
    resume: async ({ workspace }, name) => change(workspace, name, { paused: false, paused_because: null }),
    async trigger(caller, name, { inputs = {}, key }) {
      const { schedule } = find(caller.workspace, name)
      const { existed, run } = await runs.start(caller, {
        plan: schedule.plan,
        inputs,
        ...(key === undefined
          ? {}
          : { key: { id: `${name}-manual-${key}`, requestHash: JSON.stringify(inputs) } }),
      })
      return { existed, run: run.id }
    },
    async ticks({ workspace }, name, { fromMs = Number.NEGATIVE_INFINITY, untilMs = Infinity, outcomes }) {
      const { rows } = find(workspace, name)
      if (fromMs >= untilMs)
        throw new JobwrightError({ code: 'empty_range', fault: 'usage', message: 'the range is empty' })
      return rows.filter(({ nominal_at, outcome }) => {
        const at = Date.parse(nominal_at)
        return at >= fromMs && at < untilMs && (outcomes?.includes(outcome) ?? true)
      })
    },
    async simulate({ workspace }, schedule, { count = 10, assumeMs }) {
      const request = typeof schedule === 'string' ? find(workspace, schedule).schedule.request : schedule
      return simulationOf(request, count, assumeMs)
    },
  }
}

/** One a day; with what it was asked for. */
function simulationOf(
  { name, spec, overlap }: NewSchedule['request'],
  count: number,
  assumeMs: number | undefined,
): Simulation {
  const ticks = Array.from({ length: count }, (_, day): Simulation['ticks'][number] => {
    const at = new Date(day * 86_400_000).toISOString()
    return {
      nominal_at: at,
      due_at: at,
      local_at: at,
      dst: null,
      outcome: 'fired',
      reason: null,
      starts_at: at,
      ends_at: null,
      cancelled: false,
    }
  })
  const assume = assumeMs === undefined ? null : `${assumeMs}ms`
  return {
    schedule: name,
    timezone: spec.timezone,
    overlap,
    assume,
    ticks,
    compared: false,
    differences: [],
    warnings: [],
  }
}

function viewOf({ plan, request, version }: NewSchedule): ScheduleView {
  const { name, spec, overlap, catchUp, inputs, paused = false } = request
  return {
    name,
    pipeline: String(plan['name']),
    pipeline_version: version ?? null,
    workspace: null,
    owner: null,
    cron: spec.cron ?? null,
    every: spec.everyMs === undefined ? null : `${spec.everyMs}ms`,
    timezone: spec.timezone,
    dst: spec.dst,
    jitter: null,
    until: null,
    overlap,
    catch_up: { window: `${catchUp.windowMs}ms`, keep: catchUp.keep },
    inputs,
    paused,
    paused_because: paused ? 'the file says so' : null,
    pause_origin: paused ? 'file' : null,
    revision: 1,
    next_at: [],
    buffered_at: [],
    open_runs: [],
    last: null,
    warnings: [],
  }
}
