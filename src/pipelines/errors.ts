import { JobwrightError } from '../base/errors.ts'
import type { PipelineRunView } from './view.ts'

const longestId = 500

/** What can be no id of a run is refused at once: Temporal's word on it would pass for an outage. @throws JobwrightError `bad_run_id` */
export function requireRunId(id: string): void {
  const found = /^\s*$/.test(id)
    ? 'it is empty'
    : id.length > longestId
      ? `it has ${id.length} characters, the most is ${longestId}`
      : /\p{Cc}/u.test(id)
        ? 'it holds a control character'
        : undefined
  if (found === undefined) return
  throw new JobwrightError({
    code: 'bad_run_id',
    fault: 'usage',
    message: `this is no id of a pipeline run: ${found}`,
    fix: '`jobwright runs` lists the ids of pipeline runs',
  })
}

/** There is no such pipeline run, or none in the workspace that the client is bound to. */
export class PipelineRunNotFoundError extends JobwrightError {
  override readonly name = 'PipelineRunNotFoundError'

  constructor(id: string) {
    super({
      code: 'unknown_pipeline_run',
      fault: 'usage',
      message: `no pipeline run ${id}`,
      fix: '`jobwright runs` lists the pipeline runs that exist',
    })
  }
}

/**
 * A pipeline run did not complete: `pipeline_failed`, `pipeline_cancelled`, or `pipeline_held` of one that waits for a person, which
 * is not over.
 */
export class PipelineRunError extends JobwrightError {
  override readonly name = 'PipelineRunError'
  /** Where the run stands, each step with its error. */
  readonly view: PipelineRunView

  constructor(view: PipelineRunView) {
    super({
      code: `pipeline_${view.status}`,
      fault: 'refused',
      message: `pipeline run ${view.id} ${sentenceOf(view)}`,
      fix: view.status === 'held' ? `see what to decide: \`jobwright show ${view.id}\`` : undefined,
    })
    this.view = view
  }
}

function sentenceOf({ status, steps, warnings }: PipelineRunView): string {
  if (status === 'held') return 'is held: a person has to decide'
  if (status === 'cancelled') return 'was cancelled'
  const failed =
    steps.find((line) => line.status === 'failed') ?? steps.find((line) => line.status === 'cancelled')
  if (!failed) return [status, ...warnings.slice(0, 1)].join(': ')
  const name = failed.item === undefined ? failed.step : `${failed.step}[${failed.item}]`
  return `${status}: step ${name} ${failed.status}${failed.error ? `: ${failed.error.message}` : ''}`
}
