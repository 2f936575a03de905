import { sql } from 'kysely'
import type { JobStore, TokenOwner } from '../ports/index.ts'
import { announce } from './announcements.ts'
import type { StoreContext } from './context.ts'
import { tokensTopic } from './notifier.ts'
import { createRecent } from './recent.ts'

/** How long a token that was changed past every server, in the database itself, may still be taken for what it was. */
const trustedMs = 1_000

/**
 * Tokens by the SHA-256 of their text; the text itself is never stored. One that is known is not looked up again for a second, unless
 * a server says that a token has changed.
 */
export function createTokens({ db, notifier }: StoreContext): JobStore['tokens'] {
  const known = createRecent<TokenOwner>({ size: 1_000, ageMs: trustedMs })
  let changes = 0
  notifier.onNotify(tokensTopic, () => {
    changes += 1
    known.clear()
  })
  return {
    async find(sha256) {
      const recent = known.get(sha256)
      if (recent) return recent
      const before = changes
      const owner = await db
        .selectFrom('tokens')
        .select(['workspace', 'email', 'kind'])
        .where('sha256', '=', sha256)
        .executeTakeFirst()
      // What was read before a change says nothing about what is now.
      if (owner && before === changes) known.set(sha256, owner)
      return owner
    },
    async ensure(sha256, { workspace, email, kind }) {
      await sql`
        with ensured as (
          insert into tokens (sha256, workspace, email, kind)
          values (${sha256}, ${workspace}, ${email}, ${kind})
          on conflict (sha256) do update set workspace = excluded.workspace, email = excluded.email, kind = excluded.kind
          returning sha256
        )
        select ${announce(tokensTopic)} from ensured`.execute(db)
      notifier.notify(tokensTopic)
    },
  }
}
