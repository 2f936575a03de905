import { JobwrightError } from '../base/errors.ts'
import type { Finding } from './nodes/findings.ts'

/** A pipeline, or what it was given, has errors, so that nothing was started: `invalid_pipeline` or `invalid_inputs`. */
export class PipelineFindingsError extends JobwrightError {
  override readonly name = 'PipelineFindingsError'
  /** All of them, warnings too. */
  readonly findings: readonly Finding[]

  constructor(code: 'invalid_pipeline' | 'invalid_inputs', pipeline: string, findings: readonly Finding[]) {
    const errors = findings.filter(({ severity }) => severity === 'error')
    const what = code === 'invalid_pipeline' ? `pipeline ${pipeline}` : `the inputs of pipeline ${pipeline}`
    // Inputs have no place.
    const lines = errors.map(({ file, line, column, message, fix }) =>
      [code === 'invalid_pipeline' ? `${file}:${line}:${column} ` : '', message, fix && `; ${fix}`].join(''),
    )
    super({ code, fault: 'usage', message: `${what} cannot be used:\n${lines.join('\n')}` })
    this.findings = findings
  }
}
