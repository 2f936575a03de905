import type { DocumentEntry } from '../../contract/index.ts'
import type { Caller, JobStore, ListPage } from '../ports/index.ts'
import { documentPathProblem, nameProblem } from './document-path.ts'
import { mediaTypeProblem } from './media-type.ts'
import { invalid, type ProblemDetail, unknown } from './problems.ts'

export interface DocumentAddress {
  collection: string
  path: string
}

export interface DocumentService {
  put(
    caller: Caller,
    at: DocumentAddress,
    document: { mediaType: string; content: Uint8Array },
  ): Promise<DocumentEntry>
  get(caller: Caller, at: DocumentAddress): Promise<{ entry: DocumentEntry; content: Uint8Array }>
  delete(caller: Caller, at: DocumentAddress): Promise<void>
  list(caller: Caller, collection: string): ListPage<DocumentEntry>
}

function refuse(problems: readonly (ProblemDetail | undefined)[]): void {
  const found = problems.filter((problem) => problem !== undefined)
  if (found.length > 0) throw invalid('validation_failed', found)
}

function checkAddress(at: DocumentAddress): void {
  refuse([
    nameProblem('{collection}', at.collection, { slashes: false }),
    documentPathProblem('{path}', at.path),
  ])
}

/** Documents that handlers read, by collection and path. Errors are ApiProblems. */
export function createDocumentService(store: JobStore): DocumentService {
  return {
    async put(caller, at, document) {
      checkAddress(at)
      refuse([mediaTypeProblem(document.mediaType)])
      return store.documents.put(caller, { ...at, ...document })
    },
    async get(caller, at) {
      checkAddress(at)
      const document = await store.documents.get(caller, at.collection, at.path)
      if (!document) throw unknown('document', `${at.collection}/${at.path}`)
      return document
    },
    async delete(caller, at) {
      checkAddress(at)
      if (!(await store.documents.delete(caller, at.collection, at.path)))
        throw unknown('document', `${at.collection}/${at.path}`)
    },
    list(caller, collection) {
      refuse([nameProblem('{collection}', collection, { slashes: false })])
      return store.documents.list(caller, collection)
    },
  }
}
