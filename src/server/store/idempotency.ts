import type { Caller, IdempotencyKey } from '../ports/index.ts'
import type { Db } from './context.ts'
import type { KeyedRoute } from './tables.ts'

/** What a key stands for already. */
export type KnownKey = { state: 'used'; resourceId: string } | { state: 'reused' } | { state: 'barred' }

/** `requestHash` undefined: whatever it was first sent with. */
export async function findKey(
  db: Db,
  caller: Caller,
  route: KeyedRoute,
  key: string,
  requestHash: string | undefined,
): Promise<KnownKey | undefined> {
  const row = await db
    .selectFrom('idempotency_keys')
    .select(['request_hash', 'resource_id'])
    .where('workspace', '=', caller.workspace)
    .where('route', '=', route)
    .where('key', '=', key)
    .executeTakeFirst()
  if (row === undefined) return undefined
  if (row.resource_id === null) return { state: 'barred' }
  if (requestHash !== undefined && row.request_hash !== requestHash) return { state: 'reused' }
  return { state: 'used', resourceId: row.resource_id }
}

/**
 * Reserves a key for `resourceId` within the transaction, or answers what it stands for. The unique row decides
 * between concurrent callers: the later one waits here until the earlier one has committed or rolled back.
 */
export async function claimKey(
  trx: Db,
  caller: Caller,
  route: KeyedRoute,
  key: IdempotencyKey,
  resourceId: string,
): Promise<KnownKey | 'claimed'> {
  const row = { request_hash: key.requestHash, resource_id: resourceId }
  if (await insertKey(trx, caller, route, key.key, row)) return 'claimed'
  const known = await findKey(trx, caller, route, key.key, key.requestHash)
  if (known === undefined)
    throw new Error(`the idempotency key of a ${route} vanished; keys are never deleted`)
  return known
}

/** Makes sure that a key that nobody has used never starts anything; false when it is known already. */
export async function barKey(trx: Db, caller: Caller, route: KeyedRoute, key: string): Promise<boolean> {
  return insertKey(trx, caller, route, key, { request_hash: null, resource_id: null })
}

async function insertKey(
  trx: Db,
  caller: Caller,
  route: KeyedRoute,
  key: string,
  row: { request_hash: string | null; resource_id: string | null },
): Promise<boolean> {
  const inserted = await trx
    .insertInto('idempotency_keys')
    .values({ workspace: caller.workspace, route, key, ...row })
    .onConflict((conflict) => conflict.doNothing())
    .returning('key')
    .executeTakeFirst()
  return inserted !== undefined
}
