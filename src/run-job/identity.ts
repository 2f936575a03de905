import { workflowInfo } from '@temporalio/workflow'
import type { RemoteRunRequest } from '../remote-run/index.ts'
import type { OwnRun } from './ledger.ts'

/** What the key of a run, and the ids of its activities, are made of; the generation apart. */
export function identityOf({ call, occurrence }: OwnRun): Pick<RemoteRunRequest, 'step' | 'item' | 'scope'> {
  if (call.key !== undefined) return { step: idPart(call.key), item: null }
  // The same after a reset, another one after continue-as-new.
  return { step: idPart(call.step), item: occurrence, scope: workflowInfo().originalExecutionRunId }
}

/** Ids of activities are made of parts between slashes. */
function idPart(name: string): string {
  return name.replaceAll('%', '%25').replaceAll('/', '%2F')
}
