import { durationText } from '../../base/duration.ts'
import type { ScheduleView } from '../../contract/schedules/view.ts'
import type { ScheduleDefinition } from './definition.ts'
import { expand } from './ledger.ts'
import type { Pause, ScheduleState } from './state.ts'

/** A schedule as its keeper sees it. Its next times, and warnings that need them, are for who knows of zones. */
export function viewSchedule(
  definition: ScheduleDefinition,
  state: ScheduleState,
  troubles: readonly string[] = [],
): ScheduleView {
  const { name, plan, spec, overlap, catchUp, inputs } = definition
  const { pause, clock } = state
  return {
    name,
    pipeline: plan.name,
    pipeline_version: definition.version ?? null,
    workspace: definition.workspace ?? null,
    owner: definition.owner ?? null,
    cron: spec.cron ?? null,
    every: spec.everyMs === undefined ? null : durationText(spec.everyMs),
    timezone: spec.timezone,
    dst: { ...spec.dst },
    jitter: spec.jitterMs === 0 ? null : durationText(spec.jitterMs),
    until: spec.untilMs === null ? null : iso(spec.untilMs),
    overlap,
    catch_up: { window: durationText(catchUp.windowMs), keep: catchUp.keep },
    inputs,
    paused: pause !== null || clock.isHandPaused,
    paused_because: pause ? pausedBecause(pause) : clock.isHandPaused ? handPaused : null,
    pause_origin: pause?.origin ?? (clock.isHandPaused ? 'person' : null),
    revision: state.revision,
    next_at: [],
    buffered_at: state.queue.map(({ nominalMs }) => iso(nominalMs)),
    open_runs: state.open.map(({ id }) => id),
    last: (state.last ? expand(name, [state.last]).at(-1) : undefined) ?? null,
    warnings: [...troubles],
  }
}

const handPaused = 'its schedule in Temporal was paused by hand'

function pausedBecause({ origin, note, by }: Pause): string {
  const who = origin === 'file' ? 'its file says so' : `paused by ${by ?? 'a person'}`
  return note === undefined ? who : `${who}: ${note}`
}

const iso = (ms: number) => new Date(ms).toISOString()
