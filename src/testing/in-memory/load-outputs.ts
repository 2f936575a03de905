import { type Json, jsonBytes } from '../../base/json.ts'
import {
  missingOutputs,
  type PipelineData,
  type Read,
  refuseTooLarge,
} from '../../pipeline/evaluate/index.ts'
import { StepFailure } from '../../pipeline/plan/index.ts'
import type { JobRuns } from './job-runs.ts'
import { jsonOf } from './outputs.ts'

/** An expression may read an output up to this size. */
const valueLimitBytes = 1024 * 1024

/** Fetches what expressions read and the server did not inline. @throws StepFailure for what they cannot read */
export function loadOutputs(
  data: PipelineData,
  jobRuns: JobRuns,
  nestedOutput: (pipelineRunId: string, name: string) => Json | undefined,
  reads: readonly Read[],
): void {
  const missing = missingOutputs(data, reads)
  refuseTooLarge(missing)
  for (const { item, name, jobRunId, ...slot } of missing) {
    const output = jobRuns.byId(jobRunId)?.outputs.get(name)
    const value = output ? jsonOf(output) : nestedOutput(jobRunId, name)
    if (value === undefined)
      throw new StepFailure(
        'output_not_readable',
        `output ${name} of job run ${jobRunId} is ${output?.mediaType ?? 'not there'}; an expression can read JSON and text only`,
      )
    if (jsonBytes(value) > valueLimitBytes)
      throw new StepFailure(
        'output_too_large',
        `output ${name} of job run ${jobRunId} has more than ${valueLimitBytes} bytes; pass it whole into a config, where it travels as a reference`,
      )
    item.outputs[name] = { value, ...slot }
  }
}
