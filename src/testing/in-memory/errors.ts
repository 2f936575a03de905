import { JobwrightError } from '../../base/errors.ts'
import type { Finding } from '../../pipeline/index.ts'

/** A pipeline, or inputs for it, that cannot be run as they are; every finding says where, and what to do. */
export class InMemoryFindingsError extends JobwrightError {
  override readonly name = 'InMemoryFindingsError'
  readonly findings: readonly Finding[]

  constructor(code: 'invalid_pipeline' | 'invalid_inputs', what: string, findings: readonly Finding[]) {
    const lines = findings.map((each) =>
      code === 'invalid_inputs'
        ? `${each.message}; ${each.fix}`
        : `${each.file}:${each.line}:${each.column} ${each.message}; ${each.fix}`,
    )
    super({ code, fault: 'usage', message: `${what}:\n${lines.join('\n')}` })
    this.findings = findings
  }
}

/** A mistake in how a test is set up. */
export function setupError(code: string, message: string, fix: string): JobwrightError {
  return new JobwrightError({ code, fault: 'usage', message, fix })
}
