import { JobwrightError } from '../base/errors.ts'

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
