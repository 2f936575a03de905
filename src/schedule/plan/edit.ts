import { canonicalJson, type Json } from '../../base/json.ts'
import type { ScheduleDefinition } from './definition.ts'
import type { Pause, ScheduleState } from './state.ts'

const fields = [
  'plan',
  'spec',
  'overlap',
  'catchUp',
  'inputs',
  'resolvedInputs',
  'owner',
  'version',
] as const satisfies readonly (keyof ScheduleDefinition)[]

/** Names of the fields in which two definitions differ. */
export function changedFields(before: ScheduleDefinition, after: ScheduleDefinition): string[] {
  return fields.filter((field) => textOf(before[field]) !== textOf(after[field]))
}

/** As it is in a payload: what is undefined is absent. */
function textOf(value: unknown): string {
  return value === undefined ? '' : canonicalJson(JSON.parse(JSON.stringify(value)) as Json)
}

/** What a file makes of a pause: it lifts its own, never that of a person. */
export function pauseAfterApply(pause: Pause | null, says: boolean | undefined, atMs: number): Pause | null {
  if (pause?.origin === 'person') return pause
  if (!says) return null
  return pause ?? { origin: 'file', sinceMs: atMs }
}

/** The schedule is another one from now on: what was due before was taken already. */
export function edited(state: ScheduleState, pause: Pause | null, atMs: number): ScheduleState {
  const { clock } = state
  return {
    ...state,
    revision: state.revision + 1,
    pause,
    clock: { ...clock, syncSinceMs: clock.syncSinceMs ?? atMs },
  }
}
