import { sql } from 'kysely'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { loggable } from '../../src/server/failures.ts'
import { onEveryBackend } from './store/backends.ts'

onEveryBackend('a line of the log', (backend) => {
  test('says of a failed query what failed, and not what was being stored', async () => {
    const secret = 'a-value-that-must-not-be-logged'
    const failure =
      await sql`insert into tokens (sha256, workspace, email, kind) values ('x', 'w', ${secret}, 'other')`
        .execute(backend().db)
        .catch((error: unknown) => error)
    const lines: string[] = []
    const log = pino({ serializers: { err: loggable } }, { write: (line: string) => lines.push(line) })
    log.error({ err: new Error('outer', { cause: failure }) }, 'a request failed')
    log.error({ err: failure }, 'a request failed')
    for (const line of lines) {
      expect(line).toContain('tokens_kind_check')
      expect(line).toContain('23514')
      expect(line).not.toContain(secret)
    }
    expect(lines).toHaveLength(2)
  })
})
