import {
  CancellationScope,
  condition,
  getExternalWorkflowHandle,
  makeContinueAsNewFunc,
  proxyActivities,
  setHandler,
  sleep,
  workflowInfo,
} from '@temporalio/workflow'
import type { PipelineActivities } from '../activities/index.ts'
import {
  ask,
  createLimit,
  inOrder,
  isIdle,
  type KeepLimitInput,
  type LimitLetter,
  type LimitState,
  leave,
  told,
} from '../limit/index.ts'
import { askPlaceSignal, leavePlaceSignal, limitNewsSignal, limitQuery } from './limit-messages.ts'

/** Its attempts are the looks: while nobody is gone, each fails and the next one comes. */
const lookRetry = { initialInterval: 2_000, backoffCoefficient: 1.5, maximumInterval: 5_000 }

/**
 * One per workspace and key, while anybody has a place or waits for one: gives places, and finds those that are not there any
 * more. Everything it is told may come twice or late.
 */
export async function keepLimit(input: KeepLimitInput): Promise<void> {
  // Places are counted here alone: a cancel would lose the count.
  return CancellationScope.nonCancellable(() => keep(input))
}

async function keep(input: KeepLimitInput): Promise<void> {
  const state = input.state ?? createLimit()
  let isAsked = input.state !== undefined
  let isLooking = false
  const sending = new Set<number>()

  const changed = () => {
    void CancellationScope.nonCancellable(async () => {
      for (const letter of state.letters) if (!sending.has(letter.id)) void send(letter)
      if (state.waiting.length > 0 && !isLooking) void look()
    })
  }
  const send = async (letter: LimitLetter) => {
    sending.add(letter.id)
    await deliver(letter)
    told(state, letter.id)
    sending.delete(letter.id)
  }
  const look = async () => {
    isLooking = true
    while (state.waiting.length > 0) {
      for (const token of await lookForGone()) leave(state, token, Date.now())
      changed()
    }
    isLooking = false
  }

  setHandler(limitQuery, () => viewLimit(state))
  setHandler(askPlaceSignal, (asked) => {
    isAsked = true
    ask(state, asked, Date.now())
    changed()
  })
  setHandler(leavePlaceSignal, ({ token }) => {
    leave(state, token, Date.now())
    changed()
  })
  changed()
  await condition(() => (isAsked && isIdle(state)) || (isHistoryLong(input) && sending.size === 0))
  if (isIdle(state)) return
  await makeContinueAsNewFunc<typeof keepLimit>({ memo: workflowInfo().memo ?? {} })({ ...input, state })
}

/** A run that is over does not hear it: that it is gone is found out by looking, as it may have left something at work. */
async function deliver({ to, news }: LimitLetter): Promise<void> {
  const run = getExternalWorkflowHandle(to.run)
  try {
    await run.signal(limitNewsSignal, { ...news, limitId: workflowInfo().workflowId })
    // A step sees to it itself.
    if (news.kind !== 'granted' && !to.of) await run.cancel()
  } catch {
    // As above.
  }
}

async function lookForGone(): Promise<string[]> {
  const activities = proxyActivities<PipelineActivities>({
    startToCloseTimeout: '2 minutes',
    heartbeatTimeout: '10 seconds',
    summary: 'look for those that are gone',
    retry: lookRetry,
  })
  try {
    return (await activities.lookForGone()).gone
  } catch {
    // What it is told is logged where it runs; nobody is to wait for ever because of it.
    await sleep(lookRetry.maximumInterval)
    return []
  }
}

function viewLimit({ limit, holders, waiting }: LimitState) {
  return { limit, holders, waiting: inOrder(waiting) }
}

function isHistoryLong({ maxHistoryEvents = Number.POSITIVE_INFINITY }: KeepLimitInput): boolean {
  const { continueAsNewSuggested, historyLength } = workflowInfo()
  return continueAsNewSuggested || historyLength >= maxHistoryEvents
}
