import { JobwrightError } from '../../base/errors.ts'
import { suggest } from '../../base/suggest.ts'
import { clientOf } from '../../connect/clients.ts'
import {
  essenceOf,
  readTypesFile,
  type SchemaDrift,
  schemaDrift,
  typesFile,
} from '../../job-type-schemas/index.ts'
import { type CliContext, type JobTypeSchemaEntry, note } from '../context.ts'
import { usageError } from '../errors.ts'
import { exitCodes } from '../exit-codes.ts'
import { renderJson } from '../output/json.ts'
import { count, escapeControl, shellWord } from '../output/text.ts'
import { readTextFile, writeTextFile } from '../pipeline-file.ts'

export interface TypesArgs {
  /** Left out: stdout. */
  out?: string | undefined
  /** Write nothing; say what has changed since the file was written. */
  check?: boolean | undefined
  /** @default the default connection */
  connection?: string | undefined
}

/** `jobwright types`: TypeScript of the job types that a server has now. With `--check`: 1 when the file is of others. */
export async function typesHandler(args: TypesArgs, ctx: CliContext): Promise<number> {
  if (args.check && args.out === undefined)
    throw usageError('no_file', '--check does not know which file to look at', 'name it with --out')
  const existing = args.out === undefined ? undefined : await readExisting(args.out, ctx)
  const entries = await schemasOf(args.connection, ctx)
  if (args.check) return check(args, existing, entries, ctx)
  const text = typesFile(entries, commandOf(args))
  if (args.out === undefined) {
    ctx.stdout.write(ctx.output === 'json' ? renderJson({ job_types: entries.length, text }) : text)
    return exitCodes.completed
  }
  const written = existing?.text !== text
  if (written) await writeTextFile(args.out, text, ctx.cwd)
  if (ctx.output === 'json')
    ctx.stdout.write(renderJson({ file: args.out, job_types: entries.length, written }))
  else
    note(
      ctx,
      written
        ? `wrote ${escapeControl(args.out)}: ${count(entries.length, 'job type')}`
        : `${escapeControl(args.out)} is up to date`,
    )
  return exitCodes.completed
}

type Existing = { text: string; schemas: ReturnType<typeof readTypesFile> }

/** @throws JobwrightError `not_a_types_file` for a file of somebody else's */
async function readExisting(file: string, ctx: CliContext): Promise<Existing | undefined> {
  let text: string
  try {
    text = await readTextFile(file, ctx.cwd)
  } catch (error) {
    if (error instanceof JobwrightError && error.code === 'no_such_file') return undefined
    throw error
  }
  const schemas = readTypesFile(text)
  if (schemas || text.trim() === '') return { text, schemas }
  throw usageError(
    'not_a_types_file',
    `${escapeControl(file)} was not written by \`jobwright types\`, or its schemas were changed by hand`,
    'name another file, or delete this one',
  )
}

async function schemasOf(connection: string | undefined, ctx: CliContext): Promise<JobTypeSchemaEntry[]> {
  const { signal } = ctx
  if (connection === undefined || connection === 'default')
    return (await ctx.api()).listJobSchemas({ signal })
  const connections = await ctx.connections(ctx.config)
  const known = Object.hasOwn(connections, connection) ? connections[connection] : undefined
  if (!known)
    throw usageError(
      'unknown_connection',
      `the configuration at hand has no connection ${escapeControl(connection)}`,
      suggest(connection, ['default', ...Object.keys(connections)]),
    )
  const api = await clientOf(known, ctx.config.timing.requestTimeoutMs)
  return api.listJobSchemas({ signal })
}

function check(
  args: TypesArgs,
  existing: Existing | undefined,
  entries: readonly JobTypeSchemaEntry[],
  ctx: CliContext,
): number {
  const drift = schemaDrift(existing?.schemas ?? [], entries.map(essenceOf))
  const current = existing !== undefined && drift.length === 0
  if (ctx.output === 'json') ctx.stdout.write(renderJson({ file: args.out, current, drift }))
  else for (const one of drift) ctx.stdout.write(`${driftLine(one)}\n`)
  if (current) return exitCodes.completed
  const file = escapeControl(args.out ?? '')
  const found =
    existing === undefined
      ? `${file} does not exist`
      : `${file} is not what the server says now: ${count(drift.length, 'difference')}`
  note(ctx, `${found}\n  → ${commandOf(args)}`)
  return exitCodes.failed
}

function driftLine({ job_type, field, before, after }: SchemaDrift): string {
  const name = escapeControl(job_type)
  if (field === null) return after === null ? `${name} is no longer there` : `${name} is new`
  const told = (value: string | null) => (value === null ? 'absent' : escapeControl(value))
  return `${name} ${escapeControl(field)}: ${told(before)} → ${told(after)}`
}

function commandOf({ out, connection }: TypesArgs): string {
  return [
    'jobwright types',
    ...(out === undefined ? [] : [`--out ${shellWord(out)}`]),
    ...(connection === undefined ? [] : [`--connection ${shellWord(connection)}`]),
  ].join(' ')
}
