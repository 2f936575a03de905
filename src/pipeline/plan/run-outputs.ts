import { type Json, jsonBytes } from '../../base/json.ts'
import type { StepError } from './types.ts'

/** The outputs of a pipeline run, within what it can carry; what is left out is a warning. */
export interface RunOutputs {
  /** @returns the warning, where it does not fit */
  keep(name: string, value: Json): string | undefined
}

/** @param outputs what is kept is put here */
export function createRunOutputs(outputs: Record<string, Json>, limitBytes: number): RunOutputs {
  let used = 0
  return {
    keep(name, value) {
      const bytes = used + jsonBytes({ [name]: value })
      if (bytes > limitBytes)
        return `output ${name} was left out: with it the outputs have ${bytes} bytes, the limit is ${limitBytes}`
      outputs[name] = value
      used = bytes
      return undefined
    },
  }
}

/** Of an output that cannot be evaluated in a run that completed. */
export function warningOfNoValue(name: string, { code, message }: StepError): string {
  return `output ${name} has no value (${code}): ${message}`
}
