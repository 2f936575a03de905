import type { StepStatus } from '../../contract/pipelines/status.ts'

export { type SteerVerb, type StepStatus, stepStatuses } from '../../contract/pipelines/status.ts'

/** What happens to a step by itself: the engine's word for it. */
export const stepEvents = [
  'began',
  'found_pending',
  'found_running',
  'found_paused',
  'cancel_sent',
  'backed_off',
  'was_held',
  'lost_trigger',
  'completed',
  'failed',
  'cancelled',
  'was_skipped',
  'had_no_place',
] as const
export type StepEvent = (typeof stepEvents)[number]

/** What a person may do to a step. */
export const stepVerbs = [
  'retry',
  'skip',
  'approve',
  'reject',
  'adopt',
  'trigger',
  'fail',
  'pause',
  'resume',
] as const
export type StepVerb = (typeof stepVerbs)[number]

const no = null
/** Statuses that are done absorb. */
const done = { completed: no, failed: no, cancelled: no, skipped: no } as const
const atWork = { waiting: no, pending: no, running: no, paused: no, cancelling: no } as const

/**
 * The one table of what may happen to a step, and what it is then; null: not from there.
 * Held and of unknown trigger are those that wait for a person. A step under way is steered by cancelling its run.
 * One that runs a pipeline is held while that is, and goes on by itself when a person has decided there.
 */
// biome-ignore format: a table is read by its columns
export const stepTransitions = {
  began:         { waiting: 'pending', pending: 'pending', running: 'running', paused: 'running', cancelling: 'running', held: 'running', trigger_unknown: 'pending', ...done },
  found_pending: { waiting: no, pending: 'pending', running: 'pending', paused: 'pending', cancelling: no, held: no, trigger_unknown: no, ...done },
  found_running: { waiting: no, pending: 'running', running: 'running', paused: 'running', cancelling: no, held: 'running', trigger_unknown: no, ...done },
  found_paused:  { waiting: no, pending: 'paused', running: 'paused', paused: 'paused', cancelling: no, held: no, trigger_unknown: no, ...done },
  cancel_sent:   { waiting: no, pending: 'cancelling', running: 'cancelling', paused: 'cancelling', cancelling: 'cancelling', held: 'cancelling', trigger_unknown: 'cancelling', ...done },
  backed_off:    { waiting: no, pending: 'waiting', running: 'waiting', paused: 'waiting', cancelling: 'waiting', held: no, trigger_unknown: no, ...done },
  was_held:      { waiting: 'held', pending: 'held', running: 'held', paused: 'held', cancelling: no, held: 'held', trigger_unknown: no, ...done },
  lost_trigger:  { waiting: no, pending: 'trigger_unknown', running: no, paused: no, cancelling: no, held: no, trigger_unknown: 'trigger_unknown', ...done },
  completed:     { waiting: no, pending: 'completed', running: 'completed', paused: 'completed', cancelling: 'completed', held: no, trigger_unknown: no, ...done },
  failed:        { waiting: 'failed', pending: 'failed', running: 'failed', paused: 'failed', cancelling: 'failed', held: no, trigger_unknown: no, ...done },
  cancelled:     { waiting: 'cancelled', pending: 'cancelled', running: 'cancelled', paused: 'cancelled', cancelling: 'cancelled', held: 'cancelled', trigger_unknown: 'cancelled', ...done },
  was_skipped:   { waiting: 'skipped', pending: 'skipped', running: no, paused: no, cancelling: no, held: no, trigger_unknown: no, ...done },
  had_no_place:  { waiting: no, pending: 'skipped', running: 'skipped', paused: no, cancelling: no, held: no, trigger_unknown: no, ...done },

  retry:         { ...atWork, held: 'pending', trigger_unknown: no, ...done },
  skip:          { ...atWork, waiting: 'skipped', held: 'skipped', trigger_unknown: no, ...done },
  approve:       { ...atWork, held: 'completed', trigger_unknown: no, ...done },
  reject:        { ...atWork, held: 'failed', trigger_unknown: no, ...done },
  adopt:         { ...atWork, held: no, trigger_unknown: 'running', ...done },
  trigger:       { ...atWork, held: no, trigger_unknown: 'pending', ...done },
  fail:          { ...atWork, held: 'failed', trigger_unknown: 'failed', ...done },
  pause:         { ...atWork, waiting: 'held', held: no, trigger_unknown: no, ...done },
  resume:        { ...atWork, held: 'waiting', trigger_unknown: no, ...done },
} as const satisfies Record<StepEvent | StepVerb, Record<StepStatus, StepStatus | null>>

/** What a step of this status becomes; null when that may not happen to it. */
export function statusAfter(status: StepStatus, what: StepEvent | StepVerb): StepStatus | null {
  return stepTransitions[what][status]
}

/**
 * Notes what happened to a step or an item; the only way in which a status is written.
 * @throws Error for what may not happen: a defect of ours, which must not pass into anybody's history
 */
export function move(subject: { status: StepStatus }, what: StepEvent | StepVerb): void {
  const next = statusAfter(subject.status, what)
  if (next === null) throw new Error(`a step that is ${subject.status} cannot be told \`${what}\``)
  subject.status = next
}

const doneStatuses: readonly StepStatus[] = ['completed', 'failed', 'cancelled', 'skipped']

export function isDone(status: StepStatus): boolean {
  return doneStatuses.includes(status)
}
