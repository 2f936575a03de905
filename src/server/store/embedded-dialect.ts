import type { messages, PGlite, protocol } from '@electric-sql/pglite'
import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  PGliteAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
} from 'kysely'
import { codeOf } from '../../base/causes.ts'

type Serialize = typeof protocol.serialize

/** PGlite and the writer of its protocol, which come from the same module. */
export interface Embedded {
  pglite: PGlite
  serialize: Serialize
}

/**
 * Statements that are kept prepared. PGlite takes five messages, each a call of its own, and a new plan for every query; a statement
 * that is prepared takes one, and a third of the time.
 */
const keptStatements = 100
/** As tables grow, plans grow old, and nothing here tells so: after so many uses a statement is prepared anew. */
const usesOfPlan = 500
const outdatedPlan = '0A000'

/** Kysely over PGlite, of which nobody else may make use. */
export function embeddedDialect(embedded: Embedded): Dialect {
  return {
    createAdapter: () => new PGliteAdapter(),
    createDriver: () => createDriver(embedded),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  }
}

function createDriver(embedded: Embedded): Driver {
  const statements = createStatements(embedded)
  const connection = createConnection(statements)
  // On the connection, as whoever counts statements wraps that.
  const run = (sql: string) => async (on: DatabaseConnection) => {
    await on.executeQuery(CompiledQuery.raw(sql))
  }
  // There is one connection: whoever has it, keeps the others waiting.
  let last: Promise<void> = Promise.resolve()
  const releases: (() => void)[] = []
  return {
    init: () => embedded.pglite.waitReady,
    async acquireConnection() {
      const earlier = last
      const { promise, resolve } = Promise.withResolvers<void>()
      last = promise
      await earlier
      releases.push(resolve)
      return connection
    },
    async releaseConnection() {
      releases.pop()?.()
    },
    beginTransaction: run('begin'),
    commitTransaction: run('commit'),
    rollbackTransaction: run('rollback'),
    async destroy() {
      statements.close()
      await last
      if (!embedded.pglite.closed) await embedded.pglite.close()
    },
  }
}

function createConnection(statements: Statements): DatabaseConnection {
  return {
    executeQuery: <R>({ sql, parameters }: CompiledQuery) =>
      statements.run(sql, parameters) as Promise<QueryResult<R>>,
    // biome-ignore lint/correctness/useYield: nothing here streams
    async *streamQuery() {
      throw new Error('the embedded database streams nothing')
    },
  }
}

/** A statement as the database described it. */
interface Statement {
  name: string
  parameters: readonly number[]
  fields: readonly { name: string; dataTypeID: number }[]
  uses: number
}

interface Statements {
  run(sql: string, parameters: readonly unknown[]): Promise<QueryResult<unknown>>
  /** From now on nothing is run any more. */
  close(): void
}

function createStatements({ pglite, serialize }: Embedded): Statements {
  /** By their text; undefined for one that was seen once, and may never come again. The oldest use comes first. */
  const kept = new Map<string, Statement | undefined>()
  let names = 0
  let closed = false

  const send = async (...parts: Uint8Array[]) => {
    if (closed) throw new Error('the embedded database is closed')
    return pglite.runExclusive(() => pglite.execProtocolStream(Buffer.concat(parts), { syncToFs: false }))
  }

  async function describe(text: string, name: string): Promise<Statement> {
    const answer = await send(
      serialize.parse({ name, text }),
      serialize.describe({ type: 'S', name }),
      serialize.sync(),
    )
    const parameters = answer.find((message) => message.name === 'parameterDescription')
    const rows = answer.find((message) => message.name === 'rowDescription')
    return {
      name,
      parameters: (parameters as messages.ParameterDescriptionMessage | undefined)?.dataTypeIDs ?? [],
      fields: (rows as messages.RowDescriptionMessage | undefined)?.fields ?? [],
      uses: 0,
    }
  }

  async function statementFor(text: string): Promise<Statement> {
    const known = kept.get(text)
    const isSeen = kept.delete(text)
    if (known && known.uses < usesOfPlan) {
      kept.set(text, known)
      return known
    }
    if (known) await send(serialize.close({ type: 'S', name: known.name }), serialize.sync())
    names += 1
    const statement = await describe(text, isSeen ? `kept_${names}` : '')
    kept.set(text, isSeen ? statement : undefined)
    if (kept.size > keptStatements) await forgetOldest()
    return statement
  }

  async function forgetOldest(): Promise<void> {
    const [oldest] = kept
    if (oldest === undefined) return
    const [text, statement] = oldest
    kept.delete(text)
    if (statement) await send(serialize.close({ type: 'S', name: statement.name }), serialize.sync())
  }

  async function execute(
    statement: Statement,
    parameters: readonly unknown[],
  ): Promise<QueryResult<unknown>> {
    statement.uses += 1
    const values = parameters.map((value, index) => {
      if (value === null || value === undefined) return null
      const serializer = pglite.serializers[statement.parameters[index] ?? 0]
      return serializer ? serializer(value) : String(value)
    })
    const answer = await send(
      serialize.bind({ statement: statement.name, values }),
      serialize.execute({}),
      serialize.sync(),
    )
    return toResult(answer, statement, pglite.parsers)
  }

  return {
    async run(sql, parameters) {
      const statement = await statementFor(sql)
      try {
        return await execute(statement, parameters)
      } catch (error) {
        if (codeOf(error) === outdatedPlan) kept.delete(sql)
        throw error
      }
    },
    close() {
      closed = true
    },
  }
}

function toResult(
  answer: readonly messages.BackendMessage[],
  { fields }: Statement,
  parsers: PGlite['parsers'],
): QueryResult<unknown> {
  const rows: Record<string, unknown>[] = []
  let affected: bigint | undefined
  for (const message of answer) {
    if (message.name === 'dataRow')
      rows.push(toRow((message as messages.DataRowMessage).fields, fields, parsers))
    if (message.name === 'commandComplete') {
      const count = /^(?:INSERT \d+|UPDATE|DELETE|MERGE) (\d+)$/.exec(
        (message as messages.CommandCompleteMessage).text,
      )?.[1]
      if (count !== undefined) affected = BigInt(count)
    }
  }
  return affected === undefined ? { rows } : { rows, numAffectedRows: affected }
}

function toRow(
  texts: readonly (string | null)[],
  fields: Statement['fields'],
  parsers: PGlite['parsers'],
): Record<string, unknown> {
  const row: Record<string, unknown> = {}
  fields.forEach(({ name, dataTypeID }, index) => {
    const text = texts[index] ?? null
    const parser = parsers[dataTypeID]
    row[name] = text === null || parser === undefined ? text : parser(text, dataTypeID)
  })
  return row
}
