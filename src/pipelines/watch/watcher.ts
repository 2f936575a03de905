import { atMost, inRound, pause } from '../../base/abort.ts'
import { JobwrightError } from '../../base/errors.ts'
import { fromTemporal } from '../../temporal/index.ts'
import type { RunsAccess } from '../access.ts'
import type { PipelineRunView } from '../view.ts'
import { createEar, type Ear } from './ear.ts'
import type { Latest } from './latest.ts'
import { listen } from './listen.ts'
import { type Looked, look, type Reason } from './look.ts'
import { asksWorker, busyMs, type Outlook, untilNextLookMs } from './pace.ts'
import type { Places } from './places.ts'

/** Between two looks while Temporal is away. */
const awayMs = 1_000

/**
 * Watches one run for all who look at it, until it is over or nobody looks any more: listens to its history, and looks when that
 * says that something is new, and now and then for what it does not say. Goes on through outages of Temporal.
 */
export async function watchOne(
  context: RunsAccess,
  places: Places,
  id: string,
  latest: Pick<Latest<PipelineRunView>, 'set' | 'end'>,
  signal: AbortSignal,
): Promise<void> {
  const ear = createEar()
  let outlook: Outlook = { quietLooks: 0, isBlind: true, isUnanswered: false }
  let looked: Looked | undefined
  let isListened = false
  let shown = ''
  while (!signal.aborted) {
    const news = ear.takeNews()
    const reason = { news, asksWorker: asksWorker(outlook), known: ear.known }
    const seen = await lookUnlessAway(context, id, looked, reason, signal)
    if (signal.aborted) return
    if (seen === 'away') {
      ear.noteNews(news)
      await pause(awayMs, signal)
      continue
    }
    const { runId, historyLength: eventId } = seen.found.description
    if (seen.found !== looked?.found) ear.noteKnown({ runId, eventId })
    looked = seen
    const text = JSON.stringify(looked.view)
    if (text !== shown) latest.set(looked.view)
    shown = text
    if (looked.isOver) return
    if (!isListened) {
      isListened = true
      void listen(context, places, { id, runId, seenEventId: eventId }, ear, signal).finally(() => {
        isListened = false
      })
    }
    const quietLooks = news !== 'none' ? 0 : outlook.quietLooks + 1
    outlook = { quietLooks, isBlind: !ear.isListening, isUnanswered: looked.isUnanswered }
    await untilNextLook(ear, outlook, signal)
  }
}

async function lookUnlessAway(
  context: RunsAccess,
  id: string,
  before: Looked | undefined,
  reason: Reason,
  signal: AbortSignal,
): Promise<Looked | 'away'> {
  try {
    return await inRound([signal], (round) =>
      context.client.withAbortSignal(round, () => look(context, id, before, reason)),
    )
  } catch (error) {
    const failure = fromTemporal(error)
    if (signal.aborted || (failure instanceof JobwrightError && failure.fault === 'unreachable'))
      return 'away'
    throw failure
  }
}

async function untilNextLook(ear: Ear, outlook: Outlook, signal: AbortSignal): Promise<void> {
  const fromMs = performance.now()
  await inRound([signal], (round) => {
    const over = new Promise<void>((resolve) =>
      round.addEventListener('abort', () => resolve(), { once: true }),
    )
    return atMost(untilNextLookMs(outlook), Promise.race([ear.rings(), over]))
  })
  // Whether it rang for news or because nobody listens any more: not at once again.
  await pause(Math.max(0, busyMs - (performance.now() - fromMs)), signal)
}
