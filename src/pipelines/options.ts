import type { Client } from '@temporalio/client'
import type { JobTypeSchemaEntry } from '../contract/index.ts'
import { installationNames } from '../contract/names.ts'
import { packing } from '../temporal/index.ts'
import type { PipelineTiming } from '../workflows/messages.ts'
import type { RunsAccess } from './access.ts'
import type { AskJobTypes } from './changed-job-types.ts'
import { createWatchers, type Watchers } from './watch/watchers.ts'

/** Whose a pipeline run is: what `JobsClient.whoami` answers. */
export interface PipelineOwner {
  workspace: string
  email: string
  /** The installation whose workers run what is started. */
  installation?: string | undefined
}

/** All optional: without any, runs are nobody's and the client sees those of everybody. */
export interface PipelinesClientOptions {
  /**
   * Whose the runs are that this client starts. A function is asked once for each start; undefined means that it is not
   * known, and then the run is nobody's.
   * @default not known
   */
  owner?: PipelineOwner | (() => Promise<PipelineOwner | undefined>) | undefined
  /**
   * Binds the client to a workspace: to it, the runs of all others, and those of none, do not exist.
   * @default no bound
   */
  workspace?: string | undefined
  /**
   * What the default connection's server offers (`JobsClient.listJobSchemas`): asked when a pipeline in code is started, which is
   * compiled against it, or a plan that was compiled against known job types, so that the start can say what has changed since.
   * Where it fails less is checked.
   * @default not known: job types and their configs are not checked before the start
   */
  jobTypes?: ((signal: AbortSignal) => Promise<readonly JobTypeSchemaEntry[] | undefined>) | undefined
  /** How patient the runs are. */
  timing?: PipelineTimingOptions | undefined
  /**
   * The name of the installation whose workers run the pipelines, where several share a Temporal namespace.
   * @default the owner's, else 'default'
   */
  installation?: string | undefined
  /**
   * Of the workers that run pipelines.
   * @default the installation's
   */
  taskQueue?: string | undefined
  /**
   * How many runs are listened to at once, by requests to Temporal that stay open; runs beyond it that are watched are looked at every
   * few seconds. Proxies before Temporal often let no more than 100 requests of a connection be open; without one, this may be
   * hundreds.
   * @default 80
   */
  historyPolls?: number | undefined
  /**
   * Aborts when the connection to Temporal is let go: who still watches a run, or waits for its result, is thrown the signal's reason.
   * @default never: without a connection the watching waits for the next one
   */
  closing?: AbortSignal | undefined
}

/** How patient pipeline runs are. For tests and the impatient; what is left out has its default. */
export interface PipelineTimingOptions {
  /**
   * How long a wait for a remote run stays open before it looks again by itself.
   * @default 21_600_000
   */
  waitLeaseMs?: number | undefined
  /**
   * A worker that triggers a run and is not heard of for this long counts as lost.
   * @default 5_000
   */
  stepHeartbeatMs?: number | undefined
  /**
   * Goes on as a new workflow execution at this many events.
   * @default when Temporal suggests it
   */
  maxHistoryEvents?: number | undefined
  /**
   * After a cancel, how long steps whose `if` names `always()` or `cancelled()` may take once nothing else is left.
   * @default 600_000
   */
  cleanupMs?: number | undefined
  /**
   * On a server without idempotency keys and without bounds: how long a trigger whose answer was lost is looked for before a
   * person is asked.
   * @default 60_000
   */
  settleMs?: number | undefined
  /**
   * How long a worker may take to say how a run stands, for `show` and what rests on it; more of a run with a long history. Then what
   * Temporal knows is shown, with a warning.
   * @default 3_000
   */
  queryTimeoutMs?: number | undefined
}

/** What the use cases of this room work with: every option decided. */
export interface PipelinesContext extends RunsAccess {
  readonly owner: () => Promise<PipelineOwner | undefined>
  readonly jobTypes: AskJobTypes | undefined
  readonly schemasTimeoutMs: number
  readonly timing: PipelineTiming
  readonly taskQueueFor: (owner: PipelineOwner | undefined) => string
  /** How long a start waits for search attributes that were registered just now. */
  readonly registrationPatienceMs: number
  /** How long a worker may take to take up what a person decided, and then to do it. */
  readonly acceptTimeoutMs: number
  readonly decisionTimeoutMs: number
  readonly watchers: Watchers
  readonly closing: AbortSignal | undefined
}

/** What is known already, or may be asked for. */
export function asQuestion<T>(known: T | (() => Promise<T>)): () => Promise<T> {
  return typeof known === 'function' ? (known as () => Promise<T>) : async () => known
}

export function resolveOptions(
  given: Client,
  {
    owner,
    workspace,
    jobTypes,
    timing = {},
    installation,
    taskQueue,
    historyPolls = 80,
    closing,
  }: PipelinesClientOptions,
): PipelinesContext {
  const {
    waitLeaseMs = 6 * 60 * 60_000,
    stepHeartbeatMs = 5_000,
    maxHistoryEvents,
    cleanupMs,
    settleMs,
    queryTimeoutMs = 3_000,
  } = timing
  const client = packing(given)
  return {
    client,
    owner: asQuestion(owner),
    workspace,
    jobTypes,
    schemasTimeoutMs: 3_000,
    timing: {
      waitLeaseMs,
      stepHeartbeatMs,
      ...(maxHistoryEvents === undefined ? {} : { maxHistoryEvents }),
      ...(cleanupMs === undefined ? {} : { cleanupMs }),
      ...(settleMs === undefined ? {} : { settleMs }),
    },
    taskQueueFor: (owner) =>
      taskQueue ?? installationNames(installation ?? owner?.installation).taskQueues.pipelines,
    // A cluster looks for new ones every ten seconds.
    registrationPatienceMs: 15_000,
    queryTimeoutMs,
    acceptTimeoutMs: 10_000,
    // A run that is adopted is looked at first.
    decisionTimeoutMs: 45_000,
    watchers: createWatchers({ client, queryTimeoutMs }, historyPolls, closing),
    closing,
  }
}
