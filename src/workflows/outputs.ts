import { CancellationScope } from '@temporalio/workflow'
import { type MissingOutput, refuseTooLarge } from '../pipeline/evaluate/index.ts'
import { secretNames } from '../pipeline/plan/index.ts'
import { readOutputs } from '../remote-run/index.ts'
import type { Execution } from './execution.ts'
import { readNestedOutputs } from './nested-run.ts'

/** One fetch brings at most this much. */
const bytesPerFetch = 1024 * 1024

/**
 * Fetches outputs that came, or were carried over, as references.
 * @throws StepFailure when they are too large together
 */
export async function loadOutputs(execution: Execution, missing: readonly MissingOutput[]): Promise<void> {
  const { fetching } = execution
  refuseTooLarge(missing)
  // Items that begin together read the same: what is being fetched is waited for, not fetched once for each.
  for (const batch of batches(missing.filter((each) => !fetching.has(keyOf(execution, each))))) {
    const work = fetchBatch(execution, batch).finally(() => {
      for (const each of batch) fetching.delete(keyOf(execution, each))
    })
    for (const each of batch) fetching.set(keyOf(execution, each), work)
  }
  await Promise.all(missing.map((each) => fetching.get(keyOf(execution, each))))
}

/** What is fetched for other steps ends with a cancel: those that clean up fetch for themselves. */
function keyOf({ scope }: Execution, { jobRunId, name }: MissingOutput): string {
  return `${CancellationScope.current() === scope ? '' : 'apart/'}${jobRunId}/${name}`
}

async function fetchBatch(execution: Execution, batch: readonly MissingOutput[]): Promise<void> {
  execution.fetchedBytes += batch.reduce((sum, each) => sum + each.sizeBytes, 0)
  const values = await (batch[0]?.isNested
    ? readNestedOutputs(execution, batch)
    : readOutputs(
        execution.plan.connection,
        batch.map(({ jobRunId, name }) => ({ jobRunId, name })),
        execution.timing,
        execution.state.connection?.mode === 'fenced' ? [] : secretNames(execution.plan.steps),
      ))
  await execution.locals?.calm()
  batch.forEach(({ item, name, sizeBytes, inlined, isNested }, index) => {
    const own = { sizeBytes, inlined, ...(isNested ? { isNested } : {}) }
    item.outputs[name] = { value: values[index] ?? null, ...own }
  })
}

function batches(missing: readonly MissingOutput[]): MissingOutput[][] {
  return [
    ...batchesOf(missing.filter(({ isNested }) => !isNested)),
    ...batchesOf(missing.filter(({ isNested }) => isNested)),
  ]
}

function batchesOf(missing: readonly MissingOutput[]): MissingOutput[][] {
  const result: MissingOutput[][] = []
  let bytes = Number.POSITIVE_INFINITY
  for (const each of missing) {
    if (bytes + each.sizeBytes > bytesPerFetch) {
      result.push([])
      bytes = 0
    }
    result.at(-1)?.push(each)
    bytes += each.sizeBytes
  }
  return result
}
