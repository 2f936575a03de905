import { type Json, jsonBytes } from '../../base/json.ts'
import type { Schedule } from './schedule.ts'
import { payloadBytes, runOutputsBytes } from './size.ts'
import type { PipelineRunState } from './state.ts'
import type { StepError } from './types.ts'

/** The outputs of a pipeline run that is about to end. */
export interface RunOutputs {
  /** Within what the run can carry; what does not fit is left out, with a warning. */
  keep(name: string, value: Json): void
  /** Of one that cannot be evaluated: in a run that completed that is a warning. */
  miss(name: string, error: StepError): void
}

/** @param run what is kept is put into its `outputs` @param viewBytes of its view without them */
export function createRunOutputs(
  run: { outputs: Record<string, Json>; state: PipelineRunState; schedule: Pick<Schedule, 'isFailing'> },
  viewBytes: number,
): RunOutputs {
  const { outputs, state, schedule } = run
  const limitBytes = Math.min(runOutputsBytes, payloadBytes - viewBytes)
  let used = 0
  return {
    keep(name, value) {
      const bytes = used + jsonBytes({ [name]: value })
      if (bytes > limitBytes) {
        state.warnings.push(
          `output ${name} was left out: with it the outputs have ${bytes} bytes, the limit is ${limitBytes}`,
        )
        return
      }
      outputs[name] = value
      used = bytes
    },
    miss(name, { code, message }) {
      if (!schedule.isFailing() && !state.cancelRequested)
        state.warnings.push(`output ${name} has no value (${code}): ${message}`)
    },
  }
}
