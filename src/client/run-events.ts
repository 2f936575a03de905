import type { PipelineRunEvent, RunEventData, StepEventData } from '../contract/pipelines/events.ts'
import { pipelineTargets } from '../contract/pipelines/targets.ts'
import { JobsApiError } from './errors.ts'
import { createEventParser, type SentEvent } from './event-parser.ts'
import { openEventStream } from './event-stream.ts'
import type { JobsClientOptions } from './transport.ts'

/** Between two tries, at first and at most. */
const firstPauseMs = 250
const longestPauseMs = 5_000

/** What was read so far, over all connections. */
interface Progress {
  /** Of the last event. */
  lastId: string | undefined
  /** The run's own fields as they were told last. */
  run: string | undefined
  over: boolean
}

/** Reads the events of a run to its end, over as many connections as it takes. @throws JobsApiError for what is refused for good */
export async function* followRun(
  options: JobsClientOptions,
  id: string,
  { signal, lastEventId }: { signal?: AbortSignal | undefined; lastEventId?: string | undefined },
): AsyncGenerator<PipelineRunEvent, void, undefined> {
  const progress: Progress = { lastId: lastEventId, run: undefined, over: false }
  let pauseMs = firstPauseMs
  const isAborted = () => signal?.aborted === true
  while (!progress.over && !isAborted()) {
    try {
      const call = { params: { pipeline_run_id: id }, lastEventId: progress.lastId, signal }
      const text = await openEventStream(options, pipelineTargets.streamPipelineRun, call)
      if (text === undefined) return
      const parser = createEventParser()
      for await (const piece of text)
        for (const sent of parser.push(piece)) {
          const event = take(sent, progress)
          pauseMs = firstPauseMs
          if (event !== undefined) yield event
          if (progress.over || isAborted()) return
        }
    } catch (error) {
      if (isAborted()) return
      if (!(error instanceof JobsApiError) || error.kind === 'rejected') throw error
      pauseMs = Math.max(pauseMs, Math.min(error.retryAfterMs ?? 0, longestPauseMs))
    }
    await pause(pauseMs, signal)
    pauseMs = Math.min(pauseMs * 2, longestPauseMs)
  }
}

/** What an event says that was not known; undefined when it is nothing. */
function take({ event, id, data }: SentEvent, progress: Progress): PipelineRunEvent | undefined {
  // Kinds that a later server may have.
  if (event !== 'step' && event !== 'run') return undefined
  if (event === 'step') {
    const step = JSON.parse(data) as StepEventData
    if (id !== undefined && progress.lastId !== undefined && Number(id) <= Number(progress.lastId))
      return undefined
    progress.lastId = id ?? progress.lastId
    return { event, step }
  }
  const run = JSON.parse(data) as RunEventData
  progress.lastId = id ?? progress.lastId
  progress.over = run.finished_at !== null
  const { seq: _, ...fields } = run
  const text = JSON.stringify(fields)
  if (text === progress.run) return undefined
  progress.run = text
  return { event, run }
}

/** Leaves no timer and no listener behind. */
function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) resolve()
    const end = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    signal?.addEventListener('abort', end, { once: true })
  })
}
