import { isCancellation, log, proxyActivities } from '@temporalio/workflow'
import type { PipelineActivities } from '../activities/index.ts'
import { messageOf } from '../base/causes.ts'
import { pauseAfterApply } from '../schedule/plan/index.ts'
import { type Keeper, settlePast } from './keeper.ts'

/**
 * A keeper that somebody ended left its state: this one goes on where it stood, and so knows what was fired, what waits, and that a
 * person paused it. What was due while there was none is missed. Of a deleted schedule of the same name it knows the open runs. Of
 * either it knows where its ledger is.
 */
export async function adoptEarlier(keeper: Keeper): Promise<void> {
  const { definition, state, input } = keeper
  const earlier = await findEarlier(input.earlierRunId)
  if (!earlier) return
  keeper.state = { ...state, earlierExecution: earlier.runId }
  if (earlier.isDeleted) {
    // Its runs may be open still, and are earlier runs of this schedule.
    keeper.state = { ...keeper.state, open: earlier.state.open }
    return
  }
  keeper.definition = earlier.definition
  keeper.state = {
    ...earlier.state,
    earlierExecution: earlier.runId,
    revision: earlier.state.revision + 1,
    clock: { ...state.clock, isHandPaused: earlier.state.clock.isHandPaused },
  }
  await settlePast(keeper)
  keeper.definition = definition
  keeper.state = { ...keeper.state, pause: pauseAfterApply(keeper.state.pause, input.paused, Date.now()) }
}

async function findEarlier(runId: string | undefined) {
  const { readEarlierKeeper } = proxyActivities<PipelineActivities>({
    startToCloseTimeout: '1 minute',
    heartbeatTimeout: '20 seconds',
    retry: { initialInterval: 500, backoffCoefficient: 2, maximumAttempts: 4 },
  })
  try {
    return await readEarlierKeeper(runId === undefined ? {} : { runId })
  } catch (error) {
    if (isCancellation(error)) throw error
    // Then it begins anew: no run is started twice, as its id says which tick it is of.
    log.warn('what an earlier keeper left cannot be read', { reason: messageOf(error) })
    return null
  }
}
