import type { DocumentEntry } from '../../contract/index.ts'
import type { Caller } from './caller.ts'
import type { ListPage } from './paging.ts'

export interface Documents {
  put(
    caller: Caller,
    document: { collection: string; path: string; mediaType: string; content: Uint8Array },
  ): Promise<DocumentEntry>
  get(
    caller: Caller,
    collection: string,
    path: string,
  ): Promise<{ entry: DocumentEntry; content: Uint8Array } | undefined>
  delete(caller: Caller, collection: string, path: string): Promise<boolean>
  /** By path. */
  list(caller: Caller, collection: string): ListPage<DocumentEntry>
}
