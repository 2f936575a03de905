import type { Client } from '@temporalio/client'

/** What looking at runs takes. */
export interface RunsAccess {
  readonly client: Client
  /** To a client that is bound to one, runs of others do not exist. */
  readonly workspace: string | undefined
  readonly queryTimeoutMs: number
}
