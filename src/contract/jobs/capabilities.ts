import type { Capabilities } from './schemas.ts'

/** Without any one of these a lost answer could start a run twice, a cancel miss its run, or a wait never end. */
const neededByPipelines = ['idempotency_keys', 'cancel_by_key', 'change_feed', 'client_ref'] as const

/** What a server would have to offer before runs are triggered under a key; empty when it has all of it. */
export function missingForPipelines(capabilities: Capabilities | undefined): (keyof Capabilities)[] {
  return neededByPipelines.filter((name) => !capabilities?.[name])
}

/** What each mode promises of a step's job run, for people. */
export const modePromises = {
  fenced: 'a run is triggered exactly once: what may or may not have arrived is sent again under its key',
  strict: 'a run is triggered at most once: where an answer is lost and no run shows up, a person decides',
  bounded:
    'a run is triggered exactly once as long as the bounds of the connection hold: what is proven not to have arrived is sent again',
} as const

/** In which mode pipelines run on a server. @param bounded whether its operator vouches for bounds */
export function connectionMode(
  capabilities: Capabilities | undefined,
  bounded: boolean,
): keyof typeof modePromises {
  if (missingForPipelines(capabilities).length === 0) return 'fenced'
  return bounded ? 'bounded' : 'strict'
}
