import type { Client } from '@temporalio/client'
import { type InstallationNames, installationNames } from '../contract/names.ts'
import {
  asQuestion,
  type PipelineOwner,
  type PipelinesClientOptions,
  type PipelinesContext,
  resolveOptions,
} from '../pipelines/options.ts'

/** All optional, and the same as those of a `PipelinesClient`: what it starts runs of, these schedule. */
export type SchedulesClientOptions = Omit<PipelinesClientOptions, 'historyPolls'>

/** What the use cases of this room work with: every option decided. */
export interface SchedulesContext extends PipelinesContext {
  readonly namesFor: (owner: PipelineOwner | undefined) => InstallationNames
}

/** Whose schedules a call is about. */
export interface Scope {
  workspace: string | undefined
  owner: PipelineOwner | undefined
  names: InstallationNames
  taskQueue: string
}

export function resolveSchedulesOptions(client: Client, options: SchedulesClientOptions): SchedulesContext {
  return {
    ...resolveOptions(client, options),
    namesFor: (owner) => installationNames(options.installation ?? owner?.installation),
  }
}

/** The same for somebody else. */
export function contextAs(
  context: SchedulesContext,
  { owner, workspace }: Pick<SchedulesClientOptions, 'owner' | 'workspace'>,
): SchedulesContext {
  return { ...context, owner: asQuestion(owner), workspace }
}

/** A name means one schedule in a workspace: the one that the client is bound to, else the owner's. */
export async function scopeOf(context: SchedulesContext): Promise<Scope> {
  const owner = await context.owner()
  return {
    workspace: context.workspace ?? owner?.workspace,
    owner,
    names: context.namesFor(owner),
    taskQueue: context.taskQueueFor(owner),
  }
}
