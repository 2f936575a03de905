import { type Capabilities, missingForPipelines } from '../contract/index.ts'
import type { Measurements, Profile } from './types.ts'

/** What the mode of a server is, and what that means. Pure. */
export function profileOf(
  capabilities: Capabilities | null | undefined,
  measured: Measurements,
  why?: string,
): Profile {
  if (capabilities === undefined)
    return {
      capabilities,
      mode: undefined,
      because: `what it offers beyond the reference cannot be found out now: ${why ?? 'unknown'}`,
      measured,
    }
  const missing = missingForPipelines(capabilities ?? undefined)
  if (missing.length === 0)
    return {
      capabilities,
      mode: 'fenced',
      because: 'it takes idempotency keys: a trigger is sent until it is answered, and is one run',
      measured,
    }
  const lag = measured.list_lag_ms
  const least = lag === undefined ? '' : ` (a fresh run took ${lag} ms to be listed here: not less than that)`
  return {
    capabilities,
    mode: 'strict',
    because: `it does not offer ${missing.join(', ')}: a trigger is sent once, and a step whose trigger stays without an answer waits for a person`,
    bounded: `declare for the connection how long a request may be under way before it is done (bounds.delivery), and how late lists may be (bounds.listing)${least}`,
    measured,
  }
}
