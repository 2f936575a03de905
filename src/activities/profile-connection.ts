import type { JobsClient } from '../client/index.ts'
import { type Capabilities, missingForPipelines } from '../contract/index.ts'
import type { ConnectionProfile } from '../pipeline/plan/index.ts'
import { rejected } from './failures.ts'
import type { ProfileConnectionInput } from './types.ts'

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
  const [capabilities, caller] = await Promise.all([api.getCapabilities(), api.whoami()])
  return { capabilities, workspace: caller?.workspace }
}

/**
 * Finds out in which mode pipelines run on a connection. This is the seam for the protocols of other servers: here what a
 * server lacks would choose `strict` or `bounded`.
 * @throws ApplicationFailure for a server on which a lost answer could double a run, and for one that acts for somebody else
 */
export function profileOf(
  { capabilities, workspace }: ConnectionKnowledge,
  { connection, workspace: wanted }: ProfileConnectionInput,
): ConnectionProfile {
  const missing = missingForPipelines(capabilities)
  if (missing.length > 0)
    throw rejected(
      'server_without_idempotency_keys',
      `the Jobs API of connection ${connection} does not offer ${missing.join(', ')}, without which a lost answer could start a job run twice or lose it; ` +
        'this version runs pipelines only on servers that do, such as `jobwright server`',
    )
  if (wanted !== undefined && workspace !== undefined && wanted !== workspace)
    throw rejected(
      'wrong_workspace',
      `this pipeline run belongs to workspace ${wanted}, and the token of connection ${connection} on this worker to ${workspace}; ` +
        `start it with a token of ${workspace}, or give the worker one of ${wanted}`,
    )
  return {
    mode: 'fenced',
    valueReferences: capabilities?.value_references === true,
    jobNames: capabilities?.job_names === true,
  }
}
