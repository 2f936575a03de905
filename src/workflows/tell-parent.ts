import { CancellationScope, getExternalWorkflowHandle } from '@temporalio/workflow'
import type { Execution } from './execution.ts'
import { type NestedRunNews, nestedRunSignal } from './messages.ts'

/** Tells the parent, if there is one, where this run stands. A parent that is over does not need to know. */
export async function tellParent(
  { data, input: { parent } }: Execution,
  state: NestedRunNews['state'],
): Promise<void> {
  if (!parent) return
  try {
    await CancellationScope.nonCancellable(() =>
      getExternalWorkflowHandle(parent.id).signal(nestedRunSignal, { id: data.id, atMs: Date.now(), state }),
    )
  } catch {
    // Then it finds out by looking.
  }
}
