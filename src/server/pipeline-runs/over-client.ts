import type { Client } from '@temporalio/client'
import type { Json } from '../../base/json.ts'
import type { PipelinePlan } from '../../pipeline/plan/index.ts'
import {
  PipelineRunNotFoundError,
  PipelinesClient,
  type PipelineTimingOptions,
} from '../../pipelines/index.ts'
import type { Caller, NewPipelineRun, PipelineRuns } from '../ports/index.ts'

export interface PipelineRunsOptions {
  /** Whose workers run what is started. @default 'default' */
  installation?: string | undefined
  timing?: PipelineTimingOptions | undefined
  /** How long Temporal may take to answer. @default 5_000 */
  patienceMs?: number
}

/** Pipeline runs in Temporal, through a client that is bound to the caller's workspace. */
export function createPipelineRuns(
  client: Client,
  { installation, timing, patienceMs = 5_000 }: PipelineRunsOptions,
): PipelineRuns {
  const of = ({ workspace, email }: Caller) =>
    new PipelinesClient(client, { workspace, owner: { workspace, email }, installation, timing })
  /** Whoever waits for an answer shall have one, whether Temporal is there or not. */
  const soon = <T>(ask: () => Promise<T>): Promise<T> => client.withDeadline(Date.now() + patienceMs, ask)

  return {
    async start(caller, { plan, inputs, version, key }: NewPipelineRun) {
      const pipelines = of(caller)
      return soon(async () => {
        const { id, existed } = await pipelines.start({
          plan: plan as unknown as PipelinePlan,
          inputs: inputs as Record<string, Json>,
          id: key?.id,
          digest: key?.requestHash,
          version,
        })
        return { existed, run: await pipelines.summary(id) }
      })
    },
    findByKey: (caller, { id, requestHash }) =>
      soon(() => of(caller).summary(id, { digest: requestHash })).catch((error: unknown) => {
        if (error instanceof PipelineRunNotFoundError) return undefined
        throw error
      }),
    summary: (caller, id) => soon(() => of(caller).summary(id)),
    show: (caller, id) => soon(() => of(caller).show(id)),
    list: (caller, { limit, pipeline, statuses, owner, startedAfterMs }) =>
      soon(async () => ({
        runs: await of(caller).list({
          limit,
          pipeline,
          statuses,
          owner,
          startedAfter: startedAfterMs === undefined ? undefined : new Date(startedAfterMs),
        }),
        nextCursor: null,
      })),
    cancel: (caller, id) => soon(() => of(caller).cancel(id)),
    watch: (caller, id, signal) => of(caller).watch(id, { signal }),
  }
}
