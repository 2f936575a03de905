import type { Capabilities } from './schemas.ts'

/** Without any one of these a lost answer could start a run twice, a cancel miss its run, or a wait never end. */
const neededByPipelines = ['idempotency_keys', 'cancel_by_key', 'change_feed', 'client_ref'] as const

/** What a server would have to offer before pipelines can run on it; empty when it has all of it. */
export function missingForPipelines(capabilities: Capabilities | undefined): (keyof Capabilities)[] {
  return neededByPipelines.filter((name) => !capabilities?.[name])
}
