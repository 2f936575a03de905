import { atMost } from '../../base/abort.ts'
import type { PipelineRunView } from '../../contract/index.ts'
import type { Caller, PipelineRuns } from '../ports/index.ts'
import { throwAsProblem } from './pipeline-runs.ts'
import { ApiProblem } from './problems.ts'

export interface RunEvent {
  event: 'step' | 'run'
  /** What a reader knows once it has this; absent where that is not known. */
  id?: string
  data: object
}

/** What a reader has. */
export interface Known {
  /** Every line up to this count; undefined: nothing yet. */
  seq: number | undefined
  /** The run's own fields, as they were sent last. */
  run: string | undefined
}

/** What of a view is new to a reader: the lines in the order in which they changed, and then the run where it changed. */
export function eventsSince(view: PipelineRunView, known: Known): { events: RunEvent[]; known: Known } {
  const { steps, ...run } = view
  const { seq: _, ...fields } = run
  const lines = steps
    .filter(({ seq }) => known.seq === undefined || seq > known.seq)
    .toSorted((a, b) => a.seq - b.seq)
  const text = JSON.stringify(fields)
  const seq = Math.max(known.seq ?? 0, view.seq, ...lines.map((line) => line.seq))
  const events: RunEvent[] = lines.map((line) => ({ event: 'step', ...idOf(line.seq), data: line }))
  if (text !== known.run) events.push({ event: 'run', ...idOf(view.seq), data: run })
  return { events, known: { seq, run: text } }
}

/** A view of an earlier version, or without a worker that answers, counts nothing. */
function idOf(seq: number): { id?: string } {
  return seq > 0 ? { id: String(seq) } : {}
}

/** How long the first view may keep the answer waiting; an id that is too high is told within it. */
const firstViewMs = 5_000

/**
 * What changes in a run from `lastEventId` on, one list for each time it did, until the run is over. `over`: the reader has all of it.
 * @throws ApiProblem 400 for an id that no event of this run had, 404, 503
 */
export async function openRunEvents(
  runs: PipelineRuns,
  caller: Caller,
  id: string,
  { lastEventId, signal }: { lastEventId: string | undefined; signal: AbortSignal },
): Promise<'over' | AsyncIterableIterator<RunEvent[]>> {
  const last = lastEventId === undefined ? undefined : parseEventId(lastEventId)
  await runs.summary(caller, id).catch(throwAsProblem)
  const views = runs.watch(caller, id, signal)[Symbol.asyncIterator]()
  // One that is told of before it is read has nothing of its own that would run.
  signal.addEventListener('abort', () => void views.return?.(), { once: true })
  const first = views.next()
  // Its failure is heard below.
  let view: PipelineRunView | undefined
  const seen = first.then(
    ({ value, done }) => {
      if (done !== true) view = value
    },
    () => undefined,
  )
  await atMost(firstViewMs, seen)
  if (view && view.seq > 0 && last !== undefined) {
    if (last > view.seq) throw badEventId(lastEventId, `a whole number from 0 to ${view.seq}`)
    if (last === view.seq && view.finished_at !== null) return 'over'
  }
  return eventsOf(views, first, last)
}

async function* eventsOf(
  views: AsyncIterator<PipelineRunView>,
  first: Promise<IteratorResult<PipelineRunView>>,
  last: number | undefined,
): AsyncGenerator<RunEvent[], void, undefined> {
  let known: Known = { seq: last, run: undefined }
  try {
    for (let next = await first; !next.done; next = await views.next()) {
      const news = eventsSince(next.value, known)
      known = news.known
      if (news.events.length > 0) yield news.events
    }
  } finally {
    await views.return?.()
  }
}

function parseEventId(text: string): number {
  if (/^(0|[1-9]\d{0,14})$/.test(text)) return Number(text)
  throw badEventId(text, 'a whole number')
}

function badEventId(found: string | undefined, expected: string): ApiProblem {
  const detail = `found ${JSON.stringify((found ?? '').slice(0, 60))}, expected ${expected}: the id of an event of this run, unchanged, or nothing`
  return new ApiProblem(400, 'bad_last_event_id', `Last-Event-ID: ${detail}`, {
    errors: [{ pointer: 'Last-Event-ID', detail }],
  })
}
