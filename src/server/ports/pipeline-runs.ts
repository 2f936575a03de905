import type { JsonObject } from '../../base/json.ts'
import type { PipelineRunSummary, PipelineRunView, PipelineStatus } from '../../contract/index.ts'
import type { Caller } from './caller.ts'

export interface NewPipelineRun {
  /** Made by the compiler, or checked as if it were. */
  plan: JsonObject
  inputs: JsonObject
  /** Of the saved pipeline that it is started from. */
  version?: number
  /** The run's id, and what tells whether a run that has it was started by the same request. Left out: a new id. */
  key?: { id: string; requestHash: string }
}

/** Instants in milliseconds since the epoch; `startedAfterMs` inclusive, `startedBeforeMs` exclusive. */
export interface PipelineRunFilter {
  pipeline?: string
  statuses?: readonly PipelineStatus[]
  owner?: string
  /** The name of the schedule that they are of. */
  schedule?: string
  startedAfterMs?: number
  startedBeforeMs?: number
  limit: number
  cursor?: string
}

/**
 * Pipeline runs, wherever they live. Each call is confined to the caller's workspace, and throws a JobwrightError: `unknown_pipeline_run`,
 * `bad_run_id`, `run_id_reused`, or one whose fault is `unreachable`.
 */
export interface PipelineRuns {
  /** `existed`: the same request started it before. */
  start(caller: Caller, run: NewPipelineRun): Promise<{ existed: boolean; run: PipelineRunSummary }>
  /** What the id of `key` stands for already. @throws JobwrightError `run_id_reused` when that is another request */
  findByKey(caller: Caller, key: NonNullable<NewPipelineRun['key']>): Promise<PipelineRunSummary | undefined>
  /** Without asking the run itself. */
  summary(caller: Caller, id: string): Promise<PipelineRunSummary>
  show(caller: Caller, id: string): Promise<PipelineRunView>
  /** Newest first. Throws an error whose `code` is `bad_cursor` for a cursor it did not make. */
  list(
    caller: Caller,
    filter: PipelineRunFilter,
  ): Promise<{ runs: PipelineRunSummary[]; nextCursor: string | null }>
  cancel(caller: Caller, id: string): Promise<void>
  /** The view whenever it changed, until the run is over; goes on through outages. */
  watch(caller: Caller, id: string, signal: AbortSignal): AsyncIterable<PipelineRunView>
}
