import { patched } from '@temporalio/workflow'

/** What an execution does otherwise than those that earlier versions began. */
export type Change =
  | 'clean-up'
  | 'one-alarm'
  | 'drained'
  | 'many-items'
  | 'bounded-cancels'
  | 'bounded-triggers'
  | 'bounded-steps'
  | 'bounded-executions'

/** Whether an execution has a change. */
export type Changes = (change: Change) => boolean

export interface ExecutionChanges {
  hasLocalTriggers: boolean
  has: Changes
}

/**
 * The newest change is asked once, before any local activity; an execution that has it has all. A workflow task may be prolonged between
 * the end of a local activity and the marker of a change that is asked after it: a replay, which has the end at once and not yet the
 * marker, would go the other way. One that an earlier version began keeps to that until its end, whoever goes on with it.
 */
export function readChanges(): ExecutionChanges {
  const hasLocalTriggers = patched('quick-trigger')
  return { hasLocalTriggers, has: (change) => hasLocalTriggers || patched(change) }
}
