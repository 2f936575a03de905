import type { LimitAsk, LimitView } from '../../limit/index.ts'

/** Argument of the activity `askForPlace`. */
export interface AskForPlaceInput {
  key: string
  workspace?: string
  ask: LimitAsk
  /** Of the workflow that keeps the limit; for tests. */
  maxHistoryEvents?: number
}

/** The workflow that keeps the limit. */
export interface AskForPlaceResult {
  limitId: string
}

/** Tokens of those that are not there any more. */
export interface LookForGoneResult {
  gone: string[]
}

/** How a pipeline run stands; `closed`: not by itself, so that job runs of it may be active. */
export type AskerState =
  | { kind: 'open' | 'over' }
  | { kind: 'closed'; workflowId: string; runId: string; closedAtMs: number }

/** Limits and those who ask for places, in Temporal. */
export interface Limits {
  /** Has the ask taken in by the workflow that keeps the limit, which is started for that. */
  ask(input: AskForPlaceInput): Promise<AskForPlaceResult>
  /** Who has places and who waits, as the workflow of an execution keeps it. */
  read(execution: { workflowId: string; runId: string }): Promise<LimitView>
  /** Of those ids the ones that a list shows as open: it may be a moment late. */
  listedAsOpen(runs: readonly string[]): Promise<ReadonlySet<string>>
  stateOf(asker: Pick<LimitAsk, 'run' | 'firstExecutionRunId'>): Promise<AskerState>
}
