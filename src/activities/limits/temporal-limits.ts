import { Context } from '@temporalio/activity'
import type { Client } from '@temporalio/client'
import { shortId } from '../../base/short-id.ts'
import { type InstallationNames, queryNames, signalNames, workflowTypes } from '../../contract/names.ts'
import { ifThere, isOpen } from '../../executions/index.ts'
import type { KeepLimitInput, LimitMemo, LimitView } from '../../limit/index.ts'
import type { Limits } from './types.ts'

/** How many ids one list asks for. */
const listedAtOnce = 100

/** Limits through a Temporal client. */
export function createLimits(client: Client, names: InstallationNames): Limits {
  return {
    async ask({ key, workspace, ask, maxHistoryEvents }) {
      const limitId = names.limitId(workspace, shortId(key))
      const memo: LimitMemo = { key, ...(workspace === undefined ? {} : { workspace }) }
      const input: KeepLimitInput = {
        ...memo,
        ...(maxHistoryEvents === undefined ? {} : { maxHistoryEvents }),
      }
      await client.workflow.signalWithStart(workflowTypes.keepLimit, {
        workflowId: limitId,
        taskQueue: Context.current().info.taskQueue,
        workflowIdReusePolicy: 'ALLOW_DUPLICATE',
        memo: { ...memo },
        args: [input],
        signal: signalNames.askPlace,
        signalArgs: [ask],
      })
      return { limitId }
    },
    read: ({ workflowId, runId }) =>
      client.workflow.getHandle(workflowId, runId).query<LimitView>(queryNames.limit),
    async listedAsOpen(runs) {
      // How escapes are read differs with the database behind Temporal.
      const plain = [...new Set(runs)].filter((id) => !/['"`\\\p{Cc}]/u.test(id))
      const open = new Set<string>()
      for (let from = 0; from < plain.length; from += listedAtOnce) {
        const ids = plain.slice(from, from + listedAtOnce).map((id) => `'${id}'`)
        const query = `WorkflowId IN (${ids.join(', ')}) AND ExecutionStatus = 'Running'`
        for await (const { workflowId } of client.workflow.list({ query })) open.add(workflowId)
      }
      return open
    },
    async stateOf({ run, firstExecutionRunId }) {
      const found = await ifThere(client.workflow.getHandle(run).describe())
      if (!found) return { kind: 'over' }
      const { status, raw, runId, closeTime } = found
      // Its time in Temporal is over, and another one has its id. Older servers do not say.
      const first = raw.workflowExecutionInfo?.firstRunId
      if (first && first !== firstExecutionRunId) return { kind: 'over' }
      if (isOpen(status)) return { kind: 'open' }
      if (status.name === 'COMPLETED' || status.name === 'CANCELLED') return { kind: 'over' }
      return { kind: 'closed', workflowId: run, runId, closedAtMs: closeTime?.getTime() ?? 0 }
    },
  }
}
