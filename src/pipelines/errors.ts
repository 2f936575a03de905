import { JobwrightError } from '../base/errors.ts'

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
