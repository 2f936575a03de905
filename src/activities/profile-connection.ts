import { discoverCapabilities, type JobsClient } from '../client/index.ts'
import { type Capabilities, connectionMode } from '../contract/index.ts'
import type { ConnectionProfile } from '../pipeline/plan/index.ts'
import { rejected } from './failures.ts'
import type { Connection, ProfileConnectionInput } from './types.ts'

/** A server that was upgraded, and a token that was replaced, are seen anew after this long. */
const askAgainMs = 60_000

/** What a worker knows of the server behind a connection. */
export interface ConnectionKnowledge {
  capabilities: Capabilities | undefined
  /** Whom the connection's token acts for; undefined where the server cannot tell. */
  workspace: string | undefined
}

/** Asks a server now and then rather than for each pipeline run. */
export function createConnectionReader(): (name: string, api: JobsClient) => Promise<ConnectionKnowledge> {
  const known = new Map<string, { at: number; knowledge: Promise<ConnectionKnowledge> }>()
  return async (name, api) => {
    const cached = known.get(name)
    if (cached && Date.now() - cached.at < askAgainMs) return cached.knowledge
    // Shared by all who ask meanwhile; a question that failed is asked again.
    const knowledge = ask(api)
    known.set(name, { at: Date.now(), knowledge })
    knowledge.catch(() => known.delete(name))
    return knowledge
  }
}

async function ask(api: JobsClient): Promise<ConnectionKnowledge> {
  const capabilities = await discoverCapabilities(api)
  const caller = capabilities?.whoami ? await api.whoami() : undefined
  return { capabilities, workspace: caller?.workspace }
}

/**
 * Finds out in which mode pipelines run on a connection: `fenced` where the server offers all that it takes, else `bounded` where its
 * operator vouches for bounds, else `strict`.
 * @throws ApplicationFailure for one that acts for somebody else
 */
export function profileOf(
  { capabilities, workspace }: ConnectionKnowledge,
  { bounds, deleteJobs }: Pick<Connection, 'bounds' | 'deleteJobs'>,
  { connection, workspace: wanted }: ProfileConnectionInput,
): ConnectionProfile {
  if (wanted !== undefined && workspace !== undefined && wanted !== workspace)
    throw rejected(
      'wrong_workspace',
      `this pipeline run belongs to workspace ${wanted}, and the token of connection ${connection} on this worker to ${workspace}; ` +
        `start it with a token of ${workspace}, or give the worker one of ${wanted}`,
    )
  const mode = connectionMode(capabilities, bounds !== undefined)
  if (mode === 'fenced')
    return {
      mode,
      valueReferences: capabilities?.value_references === true,
      jobNames: capabilities?.job_names === true,
      ...(capabilities?.one_call_triggers ? { oneCallTriggers: true } : {}),
    }
  return {
    mode,
    ...(bounds ? { bounds } : {}),
    ...(deleteJobs === 'after_completion' ? { deleteJobs } : {}),
    // Whoever sends them resolves them.
    valueReferences: true,
  }
}
