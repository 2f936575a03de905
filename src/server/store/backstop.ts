import { type Kysely, sql } from 'kysely'
import { pause } from '../../base/abort.ts'
import type { Notifier } from './notifier.ts'
import type { Tables } from './tables.ts'

/** How long a change is left unnoticed whose notification was lost after all, behind a pooler for instance. */
const everyMs = 30_000

/**
 * Looks now and then, once for all who wait, whether anything has changed since; then everybody looks. While nothing changes,
 * this is all that they cost the database.
 * @returns what ends it
 */
export function startBackstop(
  db: Kysely<Tables>,
  notifier: Pick<Notifier, 'wakeAll'>,
  intervalMs = everyMs,
): { close(): Promise<void> } {
  const closing = new AbortController()
  const run = async () => {
    let seen = await countChanges(db).catch(() => undefined)
    for (;;) {
      await pause(intervalMs, closing.signal)
      if (closing.signal.aborted) return
      const changes = await countChanges(db).catch(() => seen)
      if (changes !== seen) notifier.wakeAll()
      seen = changes
    }
  }
  const running = run()
  return {
    async close() {
      closing.abort()
      await running
    },
  }
}

/** Every change of a run's status, of any workspace, makes it greater. */
async function countChanges(db: Kysely<Tables>): Promise<string> {
  const { rows } = await sql<{ total: string }>`
    select coalesce(sum(last_seq), 0)::text as total from change_counters`.execute(db)
  return rows[0]?.total ?? ''
}
