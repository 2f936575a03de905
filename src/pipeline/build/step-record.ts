import type { StepRecord } from './expression.ts'
import type { AnyStep } from './step-types.ts'

const behind = Symbol.for('jobwright.step')

/** A step as the user's program sees it. */
export function stepHandle<S extends AnyStep>(record: StepRecord, outputs: S['outputs']): S {
  const handle: unknown = Object.freeze({
    name: record.name,
    outputs,
    [behind]: record,
  })
  return handle as S
}

/** What stands behind a value that is a step. */
export function stepOf(value: unknown): StepRecord | undefined {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, behind)) return undefined
  return (value as { [behind]?: StepRecord })[behind]
}
