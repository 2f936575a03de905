import { type Kysely, sql, type Transaction } from 'kysely'
import { codeOf } from '../../base/causes.ts'
import { uuidPattern } from '../../contract/index.ts'
import type { Caller, StartTaker } from '../ports/index.ts'
import type { Notifier } from './notifier.ts'
import type { Recent } from './recent.ts'
import type { Tables } from './tables.ts'

/** What every part of the store works with. */
export interface StoreContext {
  db: Kysely<Tables>
  notifier: Notifier
  /** How long a dispatched run may be silent before the reconciler asks about it. */
  reportPatienceMs: number
  /** Who starts runs in this server; undefined while nobody does. */
  starts: { taker: StartTaker | undefined }
  /** Whose runs are, of those that were heard of lately. */
  owners: Recent<Caller>
}

/** The database, inside a transaction or not. */
export type Db = Kysely<Tables>

/**
 * A deadlock; a default isolation level under which a row that was changed meanwhile ends a statement; the name of a statement that
 * was refused (`named-statements.ts`).
 */
const conflicts: readonly (string | undefined)[] = ['40P01', '40001', '26000', '42P05']
const maxTries = 5

/**
 * Runs `work` in one READ COMMITTED transaction; again when PostgreSQL chose it to resolve a deadlock, so `work` must
 * have no effect outside of the transaction. Rows are locked in the order key, job, run, outbox, change counter.
 */
export function transact<T>(db: Kysely<Tables>, work: (trx: Transaction<Tables>) => Promise<T>): Promise<T> {
  return untilUnhindered(() => db.transaction().setIsolationLevel('read committed').execute(work))
}

/** Runs a statement that is a transaction by itself, locks as `transact` says, and is run again as there. */
export async function untilUnhindered<T>(statement: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await statement()
    } catch (error) {
      if (tries === maxTries || !conflicts.includes(codeOf(error))) throw error
    }
  }
}

/** The wire form of an instant: UTC, microseconds, no zone. Made by the database, since a Date has milliseconds only. */
export function utc<T extends string | null = string>(column: string) {
  return sql<T>`to_char(${sql.ref(column)} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US')`
}

/** The clock of the database, which several servers share; one instant within a statement. */
export const now = sql<Date>`statement_timestamp()`

/** `milliseconds` from now. */
export function fromNow(milliseconds: number) {
  return sql<Date>`statement_timestamp() + ${milliseconds}::float8 * interval '1 millisecond'`
}

/** False for text that PostgreSQL would refuse as a uuid: such an id is simply unknown. */
export function isUuid(text: string): boolean {
  return uuidPattern.test(text)
}
