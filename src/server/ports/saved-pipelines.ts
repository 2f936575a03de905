import type { PipelineSummary, PipelineVersion } from '../../contract/index.ts'
import type { Caller } from './caller.ts'
import type { ListPage, Page } from './paging.ts'

/** Pipelines by name, each with its versions. A name that was deleted counts on where it stopped. */
export interface SavedPipelines {
  /** A new version, unless the newest one has this text. `expected`: which version is to be the newest; null: there is to be none; undefined: whatever is there. */
  save(
    caller: Caller,
    pipeline: { name: string; description: string | null; yaml: string },
    expected?: number | null,
  ): Promise<
    | { outcome: 'saved' | 'unchanged'; version: PipelineVersion }
    | { outcome: 'precondition_failed'; version: number | null }
  >
  /** The newest version, or the one that is asked for. */
  get(caller: Caller, name: string, version?: number): Promise<PipelineVersion | undefined>
  /** By name. */
  list(caller: Caller, page: Page): ListPage<PipelineSummary>
  /** With all versions. `version`: what was the newest; null when there was none. */
  delete(
    caller: Caller,
    name: string,
    expected?: number,
  ): Promise<{ outcome: 'deleted' | 'unknown' } | { outcome: 'precondition_failed'; version: number | null }>
}
