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
  /** All who watch a run share what is asked about it. */
  const everybodys = new PipelinesClient(client, { installation, timing })
  const of = ({ workspace, email }: Caller) =>
    everybodys.as({ workspace, owner: { workspace, email, installation } })
  /** Whoever waits for an answer shall have one, whether Temporal is there or not. */
  const soon = <T>(ask: () => Promise<T>): Promise<T> => client.withDeadline(Date.now() + patienceMs, ask)

  return {
    async start(caller, { plan, inputs, version, key }: NewPipelineRun) {
      const pipelines = of(caller)
      return soon(async () => {
        const { id, existed } = await pipelines.start(
          plan as unknown as PipelinePlan,
          inputs as Record<string, Json>,
          { id: key?.id, digest: key?.requestHash, version },
        )
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
    list: (caller, { startedAfterMs, startedBeforeMs, ...filter }) => {
      const date = (ms: number | undefined) => (ms === undefined ? undefined : new Date(ms))
      const window = { startedAfter: date(startedAfterMs), startedBefore: date(startedBeforeMs) }
      return soon(() => of(caller).list({ ...filter, ...window }))
    },
    cancel: (caller, id) => soon(() => of(caller).cancel(id)),
    watch: (caller, id, signal) => of(caller).watch(id, { signal }),
  }
}
