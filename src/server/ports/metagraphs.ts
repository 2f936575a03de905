import type { Metagraph } from '../../contract/index.ts'
import type { Caller } from './caller.ts'

export interface Metagraphs {
  get(caller: Caller, system: string): Promise<{ graph: Metagraph; etag: string } | undefined>
  /** `ifMatch`: an etag, or `*` never; null: only when there is none yet; undefined: whatever is there. `writtenBy`: a job run id; the same one again changes nothing and answers what it wrote. */
  put(
    caller: Caller,
    graph: Metagraph,
    options: { ifMatch?: string | null; writtenBy?: string },
  ): Promise<
    | { outcome: 'stored'; graph: Metagraph; etag: string }
    | { outcome: 'precondition_failed'; etag: string | null }
  >
}
