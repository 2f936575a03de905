import { canonicalJson, type Json, jsonBytes } from '../../base/json.ts'
import type { JobRunRecord, OutputSlot } from './state.ts'
import type { NestedTarget, PipelinePlan, PipelineStatus, PlanInput, PlanStep, StepError } from './types.ts'

/** Steps that run pipelines: pure decisions about them. */

/** How many pipelines may stand within one another, the outermost not counted. */
export const maxNesting = 5

/** The error code of a pipeline run that was terminated, or that Temporal ended: its own code did not. */
export const closedFromOutside = 'pipeline_run_closed'

export function isNested(step: Pick<PlanStep, 'target'>): step is PlanStep & { target: NestedTarget } {
  return step.target.kind === 'pipeline'
}

/** 0 for a plan whose steps run jobs only. */
export function nestingOf(plan: PipelinePlan): number {
  return Math.max(
    0,
    ...plan.steps.map(({ target }) => (target.kind === 'pipeline' ? nestingOf(target.pipeline) + 1 : 0)),
  )
}

/**
 * The id of the pipeline run that a generation of a step is. The same whoever starts it and how often, so that it is started once;
 * another parent's run of the same id is told by its memo.
 */
export function nestedRunId(
  parent: string,
  { step, item, generation }: { step: string; item: number | null; generation: number },
): string {
  return [parent, step, ...(item === null ? [] : [item]), generation].join('.')
}

/** Values beyond this, all outputs together, stay with the pipeline run until they are read. */
const inlineBytes = 64 * 1024

/** What the parent keeps of a pipeline run that is over. */
export function nestedRecord(
  id: string,
  ended: { status: PipelineStatus; error: StepError | null; outputs: Record<string, Json> },
): JobRunRecord {
  const slots: Record<string, OutputSlot> = {}
  let budget = inlineBytes
  for (const [name, value] of Object.entries(ended.outputs)) {
    const sizeBytes = jsonBytes(value)
    const inlined = sizeBytes <= budget
    if (inlined) budget -= sizeBytes
    slots[name] = { ...(inlined ? { value } : { jobRunId: id }), sizeBytes, inlined, isNested: true }
  }
  const { status } = ended
  const error =
    status === 'cancelled'
      ? { code: 'run_cancelled', message: `the pipeline run ${id} was cancelled from outside this pipeline` }
      : ended.error
  return { jobId: '', jobRunId: id, status, error, outputs: slots, jobRun: null }
}

/** True when a value is of an input's type. */
export function hasType(value: Json, type: PlanInput['type']): boolean {
  switch (type) {
    case 'string':
    case 'boolean':
      return typeof value === type
    case 'number':
      return Number.isFinite(value)
    case 'integer':
      return Number.isSafeInteger(value)
    case 'array':
      return Array.isArray(value)
    case 'object':
      return value !== null && typeof value === 'object' && !Array.isArray(value)
  }
}

/** Equality of JSON values; the order of an object's keys means nothing. */
export function sameJson(a: Json, b: Json): boolean {
  return canonicalJson(a) === canonicalJson(b)
}

/** They travel with the plan and the state of the run, in a payload of at most 2 MiB. */
export const maxInputsBytes = 512 * 1024

/** The inputs of a nested pipeline run: what its step gives, and defaults for the rest; or why it cannot be started with that. */
export function nestedInputs(
  { name, inputs: declared }: Pick<PipelinePlan, 'name' | 'inputs'>,
  given: Record<string, Json>,
): { inputs: Record<string, Json> } | { error: StepError } {
  const wrong = (message: string) => ({ error: { code: 'wrong_input', message } })
  const unknown = Object.keys(given).find((key) => !declared.some((input) => input.name === key))
  if (unknown !== undefined) return wrong(`pipeline ${name} has no input ${unknown}`)
  const inputs: Record<string, Json> = {}
  for (const input of declared) {
    const value = Object.hasOwn(given, input.name) ? given[input.name] : input.default
    if (value === undefined) return wrong(`input ${input.name} of pipeline ${name} is required`)
    if (!hasType(value, input.type))
      return wrong(
        `input ${input.name} of pipeline ${name} must be of type ${input.type}, found ${kindOf(value)}`,
      )
    if (input.enum && !input.enum.some((allowed) => sameJson(allowed, value)))
      return wrong(`input ${input.name} of pipeline ${name} has a value that is not in its enum`)
    inputs[input.name] = value
  }
  const bytes = jsonBytes(inputs)
  return bytes > maxInputsBytes
    ? wrong(`the inputs of pipeline ${name} have ${bytes} bytes; at most ${maxInputsBytes} are allowed`)
    : { inputs }
}

function kindOf(value: Json): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'array' : typeof value
}
