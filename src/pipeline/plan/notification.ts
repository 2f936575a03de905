import type { Json, JsonObject } from '../../base/json.ts'
import type { NotificationEvent, PipelineRunView, PlanReceiver, StepRunView } from './types.ts'

/** What receivers are told: small, without outputs, and without links that somebody might follow. */

/** How often at most it is told that a run is held. */
export const mostHeldNotices = 10
/** Steps that are named; of the others only how many they are. */
const namedSteps = 10
const messageCharacters = 300

/** What is sent, apart from its id: the body of a webhook. */
export interface NotificationBody {
  type: string
  /** ISO 8601: when it happened. */
  timestamp: string
  data: JsonObject
}

/** As people see a receiver. The value of a secret is not known here; a query may hold what is one. */
export function receiverName(receiver: PlanReceiver): string {
  if (receiver.kind === 'function') return `function ${receiver.name}`
  const { url } = receiver
  const text =
    url.kind === 'secret'
      ? url.parts.map((part) => (typeof part === 'string' ? part : `\${{ secrets.${part.secret} }}`)).join('')
      : String(url.value)
  return text.replace(/[?#].*$/s, '')
}

export interface RunNotice {
  event: NotificationEvent
  atMs: number
  schedule: { schedule: string; nominalMs: number } | undefined
  /** Why, in a sentence. */
  error: string | null
}

/** What is told of a run. @param view as it stands, or as it ended */
export function runNotification(
  view: Pick<PipelineRunView, 'id' | 'pipeline' | 'status' | 'started_at' | 'finished_at' | 'steps'>,
  { event, atMs, schedule, error }: RunNotice,
): NotificationBody {
  const steps = view.steps.filter((line) => concerns(event, line))
  return {
    type: `pipeline_run.${event}`,
    timestamp: new Date(atMs).toISOString(),
    data: {
      id: view.id,
      pipeline: view.pipeline,
      status: view.status,
      schedule: schedule?.schedule ?? null,
      scheduled_for: schedule ? new Date(schedule.nominalMs).toISOString() : null,
      started_at: view.started_at,
      finished_at: view.finished_at,
      error: error === null ? null : cut(error),
      steps: steps.slice(0, namedSteps).map(stepLine),
      more_steps: Math.max(0, steps.length - namedSteps),
    },
  }
}

/** Times of a schedule at which no run was started. */
export interface MissedTimes {
  schedule: string
  pipeline: string
  firstMs: number
  lastMs: number
  count: number
  reason: string | null
}

/** What is told of times that were missed, as of one. */
export function missedNotification(missed: MissedTimes, atMs: number): NotificationBody {
  return {
    type: 'pipeline_run.missed',
    timestamp: new Date(atMs).toISOString(),
    data: {
      id: null,
      pipeline: missed.pipeline,
      status: 'missed',
      schedule: missed.schedule,
      scheduled_for: new Date(missed.lastMs).toISOString(),
      first_scheduled_for: new Date(missed.firstMs).toISOString(),
      count: missed.count,
      error: missed.reason,
    },
  }
}

function concerns(event: NotificationEvent, { status }: StepRunView): boolean {
  switch (event) {
    case 'failed':
      return status === 'failed' || status === 'cancelled'
    case 'held':
      return status === 'held' || status === 'trigger_unknown'
    case 'late':
      return !['waiting', 'completed', 'failed', 'cancelled', 'skipped'].includes(status)
    case 'completed':
    case 'missed':
      return false
  }
}

function stepLine({ step, item, status, error }: StepRunView): Record<string, Json> {
  return {
    step,
    ...(item === undefined ? {} : { item }),
    status,
    error: error ? { code: error.code, message: cut(error.message) } : null,
  }
}

function cut(text: string): string {
  return text.length > messageCharacters ? `${text.slice(0, messageCharacters)}…` : text
}
