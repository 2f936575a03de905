import { CancellationScope, sleep } from '@temporalio/workflow'
import { containsReference } from '../contract/jobs/references.ts'
import { type ConnectionProfile, type ItemState, type PlanStep, StepFailure } from '../pipeline/plan/index.ts'
import {
  askDurably,
  askQuickly,
  type RemoteRun,
  type RemoteRunRequest,
  remoteRunIn,
  type TimeLeft,
} from '../remote-run/index.ts'
import { cancelsAtOnce, type Execution } from './execution.ts'
import { enter } from './places.ts'
import { quickSurroundings } from './quick.ts'

const cancelEveryMs = 1_000

/** Whose run it is. */
export interface ReachedPlace {
  step: PlanStep
  item: ItemState
}

/** A promise only until the connection is known; from then on everything goes on as it was found. */
export function reach(
  execution: Execution,
  place: ReachedPlace,
  request: RemoteRunRequest,
  left: TimeLeft,
): RemoteRun | Promise<RemoteRun> {
  const known = execution.state.connection
  return known ? reachBy(execution, known, place, request) : findOut(execution, place, request, left)
}

async function findOut(
  execution: Execution,
  place: ReachedPlace,
  request: RemoteRunRequest,
  left: TimeLeft,
): Promise<RemoteRun> {
  const question = questionOf(execution)
  // All who begin before the answer is there share one quick question; who has to ask on has a time of its own for that.
  execution.quickProfile ??= execution.tornTasks.during(() => askQuickly(question))
  const profile =
    execution.state.connection ??
    (await execution.quickProfile) ??
    (await askDurably(question, request.timing, left))
  execution.state.connection ??= profile
  execution.lostTriggers.cancelIfNone()
  return reachBy(execution, execution.state.connection, place, request)
}

function questionOf({ input: { workspace }, plan: { connection } }: Execution) {
  return { connection, ...(workspace === undefined ? {} : { workspace }) }
}

/** For as long as it takes. */
export async function profileOf(execution: Execution): Promise<ConnectionProfile> {
  const { state, timing } = execution
  state.connection ??= await askDurably(questionOf(execution), timing, () => undefined)
  return state.connection
}

function reachBy(
  execution: Execution,
  profile: ConnectionProfile,
  place: ReachedPlace,
  request: RemoteRunRequest,
): RemoteRun {
  if (!profile.valueReferences && containsReference(request.config ?? undefined))
    throw new StepFailure(
      'server_without_value_references',
      `the Jobs API of connection ${request.connection} cannot resolve secrets and large outputs in a config; use neither in this step`,
    )
  const quick =
    profile.mode === 'fenced' ? quickSurroundings(execution, place.step, place.item, request) : undefined
  return boundedCancel(execution, remoteRunIn(profile, quick ? { ...request, quick } : request))
}

/** A cancel of hundreds is sent little by little, so that what comes back does not come all at once. */
export function boundedCancel(execution: Execution, remote: RemoteRun): RemoteRun {
  const { cancels } = execution
  return {
    ...remote,
    async cancel() {
      const entered = enter(cancels)
      if (entered !== true) {
        widenCancels(execution)
        await entered
      }
      try {
        return await remote.cancel()
      } finally {
        cancels.giveBack()
      }
    },
  }
}

/** Runs that take their time to end must not keep the others from being cancelled. */
function widenCancels(execution: Execution): void {
  execution.widening ??= CancellationScope.nonCancellable(async () => {
    while (execution.cancels.waiting() > 0) {
      await sleep(cancelEveryMs)
      execution.cancels.widen(cancelsAtOnce)
    }
    execution.widening = undefined
  })
}
