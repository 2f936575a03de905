import type { JobsClient } from '../client/index.ts'
import { type Capabilities, missingForPipelines } from '../contract/index.ts'
import { rejected } from './failures.ts'

/** A server that was upgraded is seen anew after this long. */
const askAgainMs = 60_000

/** Asks a server what it can do, now and then rather than for each step. */
export function createCapabilityReader(): (
  name: string,
  api: JobsClient,
) => Promise<Capabilities | undefined> {
  const known = new Map<string, { at: number; capabilities: Capabilities | undefined }>()
  return async (name, api) => {
    const cached = known.get(name)
    if (cached && Date.now() - cached.at < askAgainMs) return cached.capabilities
    const capabilities = await api.getCapabilities()
    known.set(name, { at: Date.now(), capabilities })
    return capabilities
  }
}

/**
 * Refuses a server on which a lost answer could double a run. This is the seam for the protocols of
 * other servers: here their capability profile would choose `strict` or `bounded`.
 */
export function requireFencedServer(
  capabilities: Capabilities | undefined,
  connection: string,
  needsReferences: boolean,
): void {
  const missing = missingForPipelines(capabilities)
  if (missing.length > 0)
    throw rejected(
      'server_without_idempotency_keys',
      `the Jobs API of connection ${connection} does not offer ${missing.join(', ')}, without which a lost answer could start a run twice or lose it; ` +
        'this version runs pipelines only on servers that do, such as `jobwright server`',
    )
  if (needsReferences && !capabilities?.value_references)
    throw rejected(
      'server_without_value_references',
      `the Jobs API of connection ${connection} cannot resolve secrets and large outputs in a config; use neither in this step`,
    )
}
