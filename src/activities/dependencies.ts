import type { SweepMode } from '../contract/sweep.ts'
import type { TickRuns } from './backfill/types.ts'
import type { Limits } from './limits/types.ts'
import type { NestedRuns } from './nested/types.ts'
import type { Schedules } from './schedules/types.ts'
import type { ClosedRuns } from './sweep/types.ts'
import type { Executions } from './temporal-executions.ts'
import type { Connection, Looks, SecretKeeper } from './types.ts'
import type { Pollers, Presence, Waits } from './waits.ts'

export interface ActivityDependencies {
  namespace: string
  connection(name: string): Connection | undefined
  waits: Waits
  pollers: Pollers
  /** How long the first look at a run may wait. */
  looks: Looks
  presence: Pick<Presence, 'identity' | 'isPredecessor'>
  /**
   * Has what a worker had when it was lost taken up by others.
   * @param isCertain somebody saw it end; otherwise it was silent, also when it was asked
   */
  recoverWaits(identity: string, isCertain: boolean): Promise<void>
  closedRuns: ClosedRuns
  executions: Executions
  nestedRuns: NestedRuns
  /** Runs of a schedule's ticks, as backfills start them. */
  tickRuns: TickRuns
  schedules: Schedules
  limits: Limits
  /** What this installation does about what closed pipeline runs left active. */
  sweep: SweepMode | 'off'
  log: { info(fields: object, message: string): void; warn(fields: object, message: string): void }
  /** One for each use: what it masks are the secrets of one run. */
  secretKeeper(): SecretKeeper
  /** How often a working activity shows that it lives, at least. */
  heartbeatIntervalMs: number
}

/** What an activity of a connection works with. */
export type ConnectedDependencies = ActivityDependencies & { connected: Connection }
