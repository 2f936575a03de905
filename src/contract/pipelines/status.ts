/** Words of pipeline runs that workflows use, too: no schema library may be loaded here. */

/** Statuses of one step (or item of a `for_each`) within a pipeline run; the last four are done and stay. */
export const stepStatuses = [
  'waiting',
  'pending',
  'running',
  'paused',
  'cancelling',
  'held',
  'trigger_unknown',
  'completed',
  'failed',
  'cancelled',
  'skipped',
] as const
export type StepStatus = (typeof stepStatuses)[number]

/** Statuses of a pipeline run; `pending`: it waits for a place under its limit; the last three are those of one that is over. */
export const pipelineStatuses = [
  'pending',
  'running',
  'held',
  'cancelling',
  'completed',
  'failed',
  'cancelled',
] as const
export type PipelineStatus = (typeof pipelineStatuses)[number]

/** What becomes of an ask for a place where all are taken: it waits, those before it have to leave, or it is refused. */
export const whenFulls = ['queue', 'cancel_previous', 'skip'] as const
export type WhenFull = (typeof whenFulls)[number]

/** What can be decided of a trigger whose outcome is not known; the other verbs are not offered yet. */
export const steerVerbs = ['adopt', 'trigger', 'fail'] as const
export type SteerVerb = (typeof steerVerbs)[number]

/**
 * How a run is triggered once. `fenced`: the server takes idempotency keys, so what may or may not have arrived is sent again without
 * harm. `strict`: it does not; one POST a run, and a person decides where its outcome stays unknown. `bounded`: it does not, and the
 * operator says by when a request has been done and is to be seen; then it is sent again.
 */
export const connectionModes = ['fenced', 'strict', 'bounded'] as const
export type ConnectionMode = (typeof connectionModes)[number]

/** What is told of a pipeline run; `missed`: of a time of its schedule at which none was started. */
export const notificationEvents = ['failed', 'held', 'completed', 'late', 'missed'] as const
export type NotificationEvent = (typeof notificationEvents)[number]
