import { containsReference } from '../contract/jobs/references.ts'
import type { ConnectionProfile } from '../pipeline/plan/index.ts'
import {
  askDurably,
  askQuickly,
  type RemoteRun,
  type RemoteRunRequest,
  remoteRunIn,
  type TimeLeft,
} from '../remote-run/index.ts'
import type { Execution } from './execution.ts'
import { StepFailure } from './step-failure.ts'

/** A promise only until the connection is known; from then on everything goes on as it was found. */
export function reach(
  execution: Execution,
  request: RemoteRunRequest,
  left: TimeLeft,
): RemoteRun | Promise<RemoteRun> {
  const known = execution.state.connection
  return known ? reachBy(known, request) : findOut(execution, request, left)
}

async function findOut(execution: Execution, request: RemoteRunRequest, left: TimeLeft): Promise<RemoteRun> {
  const { workspace } = execution.input
  const question = { connection: request.connection, ...(workspace === undefined ? {} : { workspace }) }
  // All who begin before the answer is there share one quick question; who has to ask on has a time of its own for that.
  execution.quickProfile ??= askQuickly(question)
  const profile =
    execution.state.connection ??
    (await execution.quickProfile) ??
    (await askDurably(question, request.timing, left))
  execution.state.connection ??= profile
  return reachBy(execution.state.connection, request)
}

function reachBy(profile: ConnectionProfile, request: RemoteRunRequest): RemoteRun {
  if (!profile.valueReferences && containsReference(request.config ?? undefined))
    throw new StepFailure(
      'server_without_value_references',
      `the Jobs API of connection ${request.connection} cannot resolve secrets and large outputs in a config; use neither in this step`,
    )
  return remoteRunIn(profile, request)
}
