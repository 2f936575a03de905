import type { StepStatus } from '../../pipeline/plan/transitions.ts'
import { isDone } from '../../pipeline/plan/transitions.ts'
import type { PipelineRunView } from '../context.ts'
import { escapeControl } from '../output/text.ts'

type StepLine = PipelineRunView['steps'][number]

/** The run that a step's generation is: of a job, or of a pipeline. */
export function runOf(line: Pick<StepLine, 'job_run_id' | 'pipeline_run_id'>): string | null {
  return line.pipeline_run_id ?? line.job_run_id
}

/** One step of the view: an ordinary one, or all items of a `for_each` together. */
export interface StepGroup {
  step: string
  status: StepStatus
  /** Empty for an ordinary step. */
  items: StepLine[]
  /** The step's own line; of a `for_each`, undefined once there are items. */
  line: StepLine | undefined
  startedAtMs: number | undefined
  finishedAtMs: number | undefined
}

/** The steps in the view's order, items of one `for_each` gathered. */
export function groupSteps(view: PipelineRunView): StepGroup[] {
  const groups = new Map<string, StepLine[]>()
  for (const line of view.steps) {
    const lines = groups.get(line.step)
    if (lines) lines.push(line)
    else groups.set(line.step, [line])
  }
  return [...groups].map(([step, lines]) => {
    const items = lines.filter((line) => line.item !== undefined)
    const own = lines.find((line) => line.item === undefined)
    const status = own?.status ?? statusOfItems(items)
    const starts = lines.flatMap((line) => toMs(line.started_at) ?? [])
    const ends = lines.flatMap((line) => toMs(line.finished_at) ?? [])
    return {
      step,
      status,
      items,
      line: own,
      startedAtMs: starts.length > 0 ? Math.min(...starts) : undefined,
      finishedAtMs: isDone(status) && ends.length > 0 ? Math.max(...ends) : undefined,
    }
  })
}

/**
 * While any item is under way the step is; while one waits for a person, it does; then the worst that happened to one. What a
 * cancel kept from starting counts as cancelled.
 */
function statusOfItems(items: StepLine[]): StepStatus {
  const statuses = new Set(items.map((item) => item.status))
  const under = ['cancelling', 'paused', 'running', 'trigger_unknown', 'held'] as const
  const active = under.find((status) => statuses.has(status))
  if (active !== undefined) return active
  const unfinished = [...statuses].filter((status) => !isDone(status))
  if (unfinished.length > 0)
    return unfinished.length === statuses.size ? (unfinished[0] ?? 'pending') : 'running'
  for (const status of ['failed', 'cancelled'] as const) if (statuses.has(status)) return status
  if (!statuses.has('completed')) return 'skipped'
  return statuses.has('skipped') ? 'cancelled' : 'completed'
}

/** `tickets`, or `tickets[3]` for an item. */
export function stepName({ step, item }: { step: string; item?: number | undefined }): string {
  return escapeControl(item === undefined ? step : `${step}[${item}]`)
}

/** Milliseconds since the epoch of an ISO 8601 time; undefined for none and for what is no time. */
export function toMs(time: string | null): number | undefined {
  if (time === null) return undefined
  const ms = Date.parse(time)
  return Number.isNaN(ms) ? undefined : ms
}
