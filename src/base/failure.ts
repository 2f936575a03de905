import { causesOf, messageOf } from './causes.ts'
import { type Fault, faults, JobwrightError } from './errors.ts'

/** What the reader of a failed command or process is told. */
export interface Failure {
  code: string
  fault: Fault
  message: string
  fix?: string | undefined
  exitCode: number
}

/** What to tell of anything thrown. What is not ours nobody expected: a defect, with its stack, whatever its code. */
export function toFailure(error: unknown): Failure {
  const { code, fault, message, fix } =
    error instanceof JobwrightError
      ? error
      : { code: 'defect', fault: 'defect' as const, message: traceOf(error), fix: undefined }
  return { code, fault, message, fix, exitCode: faults[fault].exitCode }
}

function traceOf(error: unknown): string {
  const [thrown, ...causes] = causesOf(error)
  const trace = thrown instanceof Error ? (thrown.stack ?? messageOf(thrown)) : messageOf(thrown)
  return [trace, ...causes.map((cause) => `caused by: ${messageOf(cause)}`)].join('\n')
}

/** Lines for a person, what to do about it below: `who` is the program that failed. */
export function describeFailure(who: string, { message, fix }: Pick<Failure, 'message' | 'fix'>): string {
  return `${who}: ${message}\n${fix === undefined ? '' : `  → ${fix}\n`}`
}
