import type { JobsClient } from '../../src/client/index.ts'

/** What the server has, of all pages, newest first. */
export async function allJobRuns(api: JobsClient) {
  const found = []
  let cursor: string | undefined
  do {
    const page = await api.listJobRuns({ limit: 200, ...(cursor === undefined ? {} : { cursor }) })
    found.push(...page.items)
    cursor = page.next_cursor ?? undefined
  } while (cursor !== undefined)
  return found
}
