import type { JobStore } from '../ports/index.ts'
import type { StoreContext } from './context.ts'

/** Tokens by the SHA-256 of their text; the text itself is never stored. */
export function createTokens({ db }: StoreContext): JobStore['tokens'] {
  return {
    async find(sha256) {
      return db
        .selectFrom('tokens')
        .select(['workspace', 'email', 'kind'])
        .where('sha256', '=', sha256)
        .executeTakeFirst()
    },
    async ensure(sha256, { workspace, email, kind }) {
      await db
        .insertInto('tokens')
        .values({ sha256, workspace, email, kind })
        .onConflict((conflict) => conflict.column('sha256').doUpdateSet({ workspace, email, kind }))
        .execute()
    },
  }
}
