import { JobwrightError } from '../../../src/base/errors.ts'
import type { BackfillPlan, BackfillView } from '../../../src/contract/index.ts'
import type { Backfills, Caller, NewBackfill } from '../../../src/server/ports/index.ts'
import type { ScriptedSchedules } from './scripted-schedules.ts'

interface Entry {
  workspace: string
  asked: string
  view: BackfillView
}

/** Backfills that never come any further: what HTTP makes of them is what it is about. */
export function scriptedBackfills(schedules: ScriptedSchedules): Backfills {
  const entries: Entry[] = []
  const find = async (caller: Caller, schedule: string, id: string): Promise<Entry> => {
    const found = entries.find(
      ({ workspace, view }) => workspace === caller.workspace && view.schedule === schedule && view.id === id,
    )
    if (found) return found
    throw new JobwrightError({ code: 'unknown_backfill', fault: 'usage', message: `no backfill ${id}` })
  }
  const change = async (caller: Caller, schedule: string, id: string, how: Partial<BackfillView>) => {
    const entry = await find(caller, schedule, id)
    entry.view = { ...entry.view, ...how }
    return entry.view
  }
  return {
    async plan(caller, schedule, asked) {
      await schedules.show(caller, schedule)
      return planOf(schedule, asked)
    },
    async start(caller, schedule, { key, ...asked }) {
      const { pipeline } = await schedules.show(caller, schedule)
      const { lines: _lines, runs: _runs, ...plan } = planOf(schedule, asked)
      const id = key ?? `backfill-${entries.length}`
      const earlier = entries.find(({ view }) => view.id === id)
      if (earlier && earlier.asked !== JSON.stringify(asked))
        throw new JobwrightError({ code: 'backfill_id_reused', fault: 'refused', message: 'reused' })
      if (earlier) return { existed: true, backfill: earlier.view }
      const { workspace, email: owner } = caller
      const counts = { ticks: 0, waiting: 0, left: 0, open: 0, completed: 0, failed: 0, cancelled: 0 }
      const view: BackfillView = {
        id,
        ...plan,
        pipeline,
        workspace,
        owner,
        status: 'running',
        started_at: new Date().toISOString(),
        finished_at: null,
        paused_because: null,
        counts,
        left_because: {},
        open_runs: [],
        failures: [],
      }
      entries.push({ workspace, asked: JSON.stringify(asked), view })
      return { existed: false, backfill: view }
    },
    async list(caller, schedule, limit) {
      await schedules.show(caller, schedule)
      const own = entries.filter(
        ({ workspace, view }) => workspace === caller.workspace && view.schedule === schedule,
      )
      return own
        .map(({ view }) => view)
        .toReversed()
        .slice(0, limit)
    },
    show: async (caller, schedule, id) => (await find(caller, schedule, id)).view,
    pause: (caller, schedule, id, note) =>
      change(caller, schedule, id, { status: 'paused', paused_because: note ?? caller.email }),
    resume: (caller, schedule, id) =>
      change(caller, schedule, id, { status: 'running', paused_because: null }),
    cancel: (caller, schedule, id) => change(caller, schedule, id, { status: 'cancelling' }),
  }
}

/** @throws JobwrightError `empty_range`, as the real ones do */
function planOf(schedule: string, asked: Omit<NewBackfill, 'key'>): BackfillPlan {
  const { from, until = '2026-05-01', only = 'missing', order = 'oldest', maxActive = 1 } = asked
  if (from >= until)
    throw new JobwrightError({ code: 'empty_range', fault: 'usage', message: 'the range is empty' })
  const line = { nominal_at: from, run: null, status: null, action: 'run', reason: null } as const
  return { schedule, from, until, only, order, max_active: maxActive, runs: 1, lines: [line], warnings: [] }
}
