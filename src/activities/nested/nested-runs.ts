import { ApplicationFailure, Context } from '@temporalio/activity'
import { JobwrightError } from '../../base/errors.ts'
import type { Json } from '../../base/json.ts'
import { problemsOfInput } from '../../config-schema/index.ts'
import type { PipelinePlan } from '../../pipeline/plan/index.ts'
import { rejected } from '../failures.ts'
import type {
  AwaitNestedRunInput,
  CancelNestedRunResult,
  NestedRunIdentity,
  NestedRuns,
  ReadNestedOutputsInput,
  StartNestedRunInput,
  StartNestedRunResult,
} from './types.ts'

/** One that said it is about to end has little left to do. */
const endingMs = 5_000

/** Starts it, or finds that an earlier attempt did. The plan comes from the parent's argument: a history has it once. */
export async function startNestedRun(
  runs: NestedRuns,
  { id, parent, inputs, heldKeys }: StartNestedRunInput,
): Promise<StartNestedRunResult> {
  const { workflowExecution } = Context.current().info
  const argument = await runs.argumentOf({ workflowId: parent.id, runId: workflowExecution?.runId ?? '' })
  const target = argument.plan.steps.find((step) => step.id === parent.step)?.target
  if (target?.kind !== 'pipeline') throw rejected('no_pipeline', `step ${parent.step} runs no pipeline`)
  requireSchemas(target.pipeline, inputs)
  const held = heldKeys ? { heldKeys } : {}
  const began = await runs.start({ id, parent }, { plan: target.pipeline, inputs, parent: argument, ...held })
  const record = began === 'exists' ? await runs.look({ id, parent }) : undefined
  return record
    ? { phase: 'terminal', record }
    : { phase: 'running', jobId: '', jobRunId: id, status: 'running' }
}

/** What the workflow could not check of the inputs: no schema library runs there. */
function requireSchemas({ name, inputs: declared }: PipelinePlan, inputs: Record<string, Json>): void {
  for (const { name: input, schema } of declared) {
    if (!schema || !Object.hasOwn(inputs, input)) continue
    const found = problemsOfInput(schema, inputs[input])
    const [problem] = 'unusable' in found ? [` cannot be checked: ${found.unusable}`] : found.problems
    if (problem !== undefined) throw rejected('wrong_input', `input ${input} of pipeline ${name}${problem}`)
  }
}

/**
 * Its end. Nothing is held while it is open: this fails, and is tried again. The run itself says when it is worth a look; one that
 * was closed from outside cannot.
 */
export async function awaitNestedRun(runs: NestedRuns, { isEnding, ...run }: AwaitNestedRunInput) {
  const { cancellationSignal } = Context.current()
  const record = isEnding ? await runs.awaitEnd(run, endingMs, cancellationSignal) : await runs.look(run)
  if (record) return record
  throw ApplicationFailure.retryable(`pipeline run ${run.id} is not over yet`, 'not_over')
}

/** Asks it to stop. One that was not started is barred: a start that is still on its way comes too late. */
export async function cancelNestedRun(
  runs: NestedRuns,
  run: NestedRunIdentity,
): Promise<CancelNestedRunResult> {
  try {
    if ((await runs.start(run, null)) === 'started') return { phase: 'barred', record: null }
  } catch (error) {
    // Somebody else's: nothing of ours can be there.
    if (error instanceof JobwrightError && error.code === 'run_id_taken')
      return { phase: 'barred', record: null }
    throw error
  }
  const record = await runs.look(run)
  if (record) return { phase: 'terminal', record }
  await runs.cancel(run.id)
  return { phase: 'cancelling', record: null }
}

/** null for one that is not there any more. */
export async function readNestedOutputs(
  runs: NestedRuns,
  { outputs }: ReadNestedOutputsInput,
): Promise<Json[]> {
  const ids = [...new Set(outputs.map(({ runId }) => runId))]
  const found = new Map(await Promise.all(ids.map(async (id) => [id, await runs.outputsOf(id)] as const)))
  return outputs.map(({ runId, name }) => found.get(runId)?.[name] ?? null)
}
