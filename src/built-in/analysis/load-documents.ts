import { JobsApiError } from '../../client/index.ts'
import { documentExtensions, documentMediaType } from '../../contract/index.ts'
import type { HandlerContext } from '../../job-types/types.ts'
import { decodeDocument } from './decode.ts'
import type { SourceDocument } from './engine.ts'
import { analysisError } from './errors.ts'
import { slugOf } from './language/names.ts'

export const documentLimits = { count: 1000, bytes: 32 * 1024 * 1024 } as const

/**
 * The collection that is read when a config names none: the slug of the system's name.
 * `Power Distribution Unit` → `power-distribution-unit`; a name without letters and digits stays as it is.
 */
export function defaultCollection(system: string): string {
  const slug = slugOf(system)
  return slug === '' ? system : slug
}

export interface LoadedDocuments {
  collection: string
  documents: SourceDocument[]
  /** Paths whose format the rules do not read. */
  skipped: string[]
}

type LoadingContext = Pick<HandlerContext, 'api' | 'log' | 'signal'>

async function listEntries({ api, signal }: LoadingContext, collection: string) {
  try {
    return (await api.listDocuments(collection, { signal })).items
  } catch (error) {
    if (error instanceof JobsApiError && error.status === 404) return []
    throw error
  }
}

/**
 * Every readable document of a collection, by path.
 * @throws JobwrightError `no_documents`, `documents_too_large`, `document_not_utf8`
 */
export async function loadDocuments(context: LoadingContext, collection: string): Promise<LoadedDocuments> {
  const entries = await listEntries(context, collection)
  const readable = entries.filter(({ path }) => documentMediaType(path) !== undefined)
  const skipped = entries.filter(({ path }) => documentMediaType(path) === undefined).map(({ path }) => path)
  for (const path of skipped)
    context.log.warn(`${path} is skipped: its extension is not one of ${documentExtensions}`)
  if (readable.length === 0)
    throw analysisError(
      'no_documents',
      `the collection ${JSON.stringify(collection)} ${entries.length === 0 ? 'is empty or does not exist' : 'holds no document that can be read'}`,
      `store Markdown, text, CSV or JSON there (jobwright documents push DIR --as ${collection}), or name another one in config.documents`,
    )
  const bytes = readable.reduce((sum, entry) => sum + entry.size_bytes, 0)
  if (readable.length > documentLimits.count || bytes > documentLimits.bytes)
    throw analysisError(
      'documents_too_large',
      `the collection ${JSON.stringify(collection)} has ${readable.length} documents of ${bytes} bytes together; ` +
        `at most ${documentLimits.count} documents and ${documentLimits.bytes} bytes are read in one run`,
      'split it',
    )
  const documents: SourceDocument[] = []
  let read = 0
  for (const { path } of [...readable].sort((a, b) => (a.path < b.path ? -1 : 1))) {
    context.signal.throwIfAborted()
    const { content } = await context.api.getDocument(collection, path, { signal: context.signal })
    read += content.byteLength
    // A document may have grown since it was listed.
    if (read > documentLimits.bytes)
      throw analysisError(
        'documents_too_large',
        `${path}: more than ${documentLimits.bytes} bytes together`,
        'split the collection',
      )
    documents.push({ path, text: decodeDocument(path, content) })
    context.log.debug(`read ${path} (${content.byteLength} bytes)`)
  }
  context.log.info(`read ${documents.length} documents of ${JSON.stringify(collection)} (${read} bytes)`)
  return { collection, documents, skipped }
}
