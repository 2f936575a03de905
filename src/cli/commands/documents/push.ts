import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { documentExtensions } from '../../../contract/index.ts'
import { type CliContext, note } from '../../context.ts'
import { usageError } from '../../errors.ts'
import { exitCodes } from '../../exit-codes.ts'
import { renderJson } from '../../output/json.ts'
import { count, escapeControl, formatBytes } from '../../output/text.ts'
import { walkDocuments } from './walk.ts'

/** Enough to see what kind of files they are. */
const skippedShown = 20

export interface DocumentPushArgs {
  directory: string
  /** The collection. */
  as: string
}

/**
 * `jobwright documents push DIR --as NAME`: makes a collection hold what a directory holds. What the server has
 * already, by SHA-256, is not sent again; what only the server has stays.
 */
export async function documentPushHandler(args: DocumentPushArgs, ctx: CliContext): Promise<number> {
  const { documents, skipped } = await walkDocuments(path.resolve(ctx.cwd, args.directory), args.directory)
  for (const one of skipped.slice(0, skippedShown))
    note(ctx, `skipped ${escapeControl(one.path)} (${one.reason})`)
  if (skipped.length > skippedShown) note(ctx, `… and ${skipped.length - skippedShown} more skipped`)
  if (documents.length === 0)
    throw usageError(
      'no_documents',
      `${args.directory} holds no document`,
      `documents are files that end in one of ${documentExtensions}`,
    )
  const api = await ctx.api()
  const listed = await api.listDocuments(args.as, { signal: ctx.signal })
  const stored = new Map(listed.items.map((entry) => [entry.path, entry.sha256]))
  const pushed: string[] = []
  const unchanged: string[] = []
  let bytes = 0
  for (const document of documents) {
    const content = await readFile(document.absolute)
    if (stored.get(document.path) === sha256(content)) {
      unchanged.push(document.path)
      continue
    }
    await api.putDocument(
      args.as,
      document.path,
      { content, mediaType: document.mediaType },
      { signal: ctx.signal },
    )
    note(ctx, `pushed ${escapeControl(document.path)} (${formatBytes(content.byteLength)})`)
    pushed.push(document.path)
    bytes += content.byteLength
  }
  const summary = `${count(pushed.length, 'document')} pushed (${formatBytes(bytes)}), ${unchanged.length} unchanged, ${skipped.length} skipped`
  ctx.stdout.write(
    ctx.output === 'json'
      ? renderJson({ collection: args.as, pushed, unchanged, skipped, bytes })
      : `${escapeControl(args.as)}: ${summary}\n`,
  )
  return exitCodes.completed
}

function sha256(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex')
}
