import type { ConnectionProfile } from '../../pipeline/plan/index.ts'
import { mayHaveUnknownRun, settledAtMs, type TriggerState } from '../../protocol/index.ts'
import { triggerPolicy } from './unfenced-run.ts'

/** Until when a run may show up that was triggered and is not known; null: none will. */
export function doubtOf(trigger: TriggerState, profile: ConnectionProfile): number | null {
  return mayHaveUnknownRun(trigger) ? settledAtMs(trigger, triggerPolicy(profile)) : null
}
