import { type RawBuilder, sql } from 'kysely'
import pg from 'pg'
import { atMost, pause } from '../../base/abort.ts'
import { type AnnouncedChange, announcedRefCharacters, type Notifier } from './notifier.ts'

/** The channel on which servers that share a PostgreSQL tell each other what was committed. */
const channel = 'jobwright'

/**
 * An expression for the statement that writes: announces topics when the transaction commits, and not before. Says from
 * whom it comes, as every connection of a store bears its name. The embedded database has nobody to tell it to.
 */
export function announce(...topics: (string | RawBuilder<string>)[]): RawBuilder<unknown> {
  const text = sql.join([sql<string>`current_setting('application_name')`, ...topics], sql` || ' ' || `)
  return sql`pg_notify(${sql.lit(channel)}, ${text})`
}

/**
 * What is told of a change, behind its topic: `=STATUS=REFERENCE`, the latter in hexadecimal. A server of an earlier version takes
 * it for a topic that nobody waits for.
 */
export function changeWord(
  status: RawBuilder<string>,
  clientRef: RawBuilder<string | null>,
): RawBuilder<string> {
  return sql<string>`'=' || ${status} || '=' || encode(convert_to(left(coalesce(${clientRef}, ''), ${sql.lit(announcedRefCharacters)}), 'UTF8'), 'hex')`
}

function announced(words: readonly string[]): [topic: string, change?: AnnouncedChange][] {
  const heard: [topic: string, change?: AnnouncedChange][] = []
  for (const word of words) {
    const last = heard.at(-1)
    const [, status, hex] = /^=([a-z]+)=([0-9a-f]*)$/.exec(word) ?? []
    if (last === undefined || status === undefined || hex === undefined) heard.push([word])
    else last[1] = { status, clientRef: Buffer.from(hex, 'hex').toString('utf8') }
  }
  return heard
}

const reconnectMs = { first: 100, longest: 5_000 } as const

/**
 * Listens on a connection of its own, beside the pool's, until `close`. It comes back after a cut, and then everybody looks
 * once, since what was announced meanwhile is lost. What the store itself announces it has told its waiters already.
 */
export async function listenForAnnouncements(
  options: pg.ClientConfig & { application_name: string },
  notifier: Pick<Notifier, 'notify' | 'wakeAll'>,
): Promise<{ close(): Promise<void> }> {
  const closing = new AbortController()
  let current: pg.Client | undefined

  /** Resolves when the connection is gone. */
  async function listen(onListening: () => void): Promise<void> {
    const client = new pg.Client(options)
    current = client
    const gone = new Promise<void>((resolve) => {
      client.once('end', resolve)
      client.on('error', () => resolve())
    })
    client.on('notification', ({ payload = '' }) => {
      const [from, ...words] = payload.split(' ')
      if (from !== options.application_name) for (const heard of announced(words)) notifier.notify(...heard)
    })
    try {
      await client.connect()
      if (closing.signal.aborted) return
      await client.query(`listen ${channel}`)
      onListening()
      await gone
    } finally {
      await client.end().catch(() => undefined)
    }
  }

  async function keepListening(onFirst: () => void): Promise<void> {
    for (let failures = 0; !closing.signal.aborted; failures += 1) {
      await listen(() => {
        failures = 0
        onFirst()
        notifier.wakeAll()
      }).catch(() => undefined)
      await pause(Math.min(reconnectMs.longest, reconnectMs.first * 2 ** failures), closing.signal)
    }
  }

  const first = Promise.withResolvers<void>()
  const running = keepListening(first.resolve)
  // A database that takes queries but no listener (a pooler, or no connection left) is one without announcements, not one that cannot be used.
  await atMost(2_000, first.promise)
  return {
    async close() {
      closing.abort()
      await current?.end().catch(() => undefined)
      // One that is just connecting to what does not answer is not waited for; it ends by itself.
      await atMost(1_000, running)
    },
  }
}
