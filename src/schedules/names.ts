import type { WorkflowExecutionInfo } from '@temporalio/client'
import { searchAttributes, workflowTypes } from '../contract/names.ts'
import { isUnknownSearchAttribute, SearchAttributesError } from '../temporal/index.ts'
import type { ScheduleMemo } from '../workflows/schedule-messages.ts'
import type { SchedulesContext, Scope } from './options.ts'

/** What is known of a schedule without asking it. */
export interface KnownSchedule {
  name: string
  pipeline: string
  info: WorkflowExecutionInfo
}

/** The schedules of a workspace, by name. @throws SearchAttributesError */
export async function knownSchedules(
  { client }: SchedulesContext,
  { workspace, names }: Scope,
): Promise<KnownSchedule[]> {
  const conditions = [
    `WorkflowType = '${workflowTypes.keepSchedule}'`,
    "ExecutionStatus = 'Running'",
    // One that would need escapes: how they are read differs with the database behind Temporal.
    ...(workspace === undefined || /['"`\\\p{Cc}]/u.test(workspace)
      ? []
      : [`${searchAttributes.workspace} = '${workspace}'`]),
  ]
  const known = new Map<string, KnownSchedule>()
  try {
    for await (const info of client.workflow.list({ query: conditions.join(' AND ') })) {
      const memo = (info.memo ?? {}) as Partial<ScheduleMemo>
      const { schedule: name, pipeline } = memo
      if (name === undefined || pipeline === undefined) continue
      // Neither another workspace's, nor another installation's.
      if (memo.workspace !== workspace || info.workflowId !== names.scheduleId(workspace, name)) continue
      known.set(name, { name, pipeline, info })
    }
  } catch (error) {
    if (!isUnknownSearchAttribute(error)) throw error
    throw new SearchAttributesError(client.options.namespace, undefined, error)
  }
  return [...known.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

export async function namesOf(context: SchedulesContext, scope: Scope): Promise<string[]> {
  return (await knownSchedules(context, scope)).map(({ name }) => name)
}
