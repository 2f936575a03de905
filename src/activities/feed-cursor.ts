import type { JobsClient } from '../client/index.ts'
import type { ReadCursor } from './waits.ts'

/** Where the feed of an API stands. */
export function cursorOf(api: Pick<JobsClient, 'listJobRunChanges'>): ReadCursor {
  return async (options) => (await api.listJobRunChanges({}, options)).cursor
}
