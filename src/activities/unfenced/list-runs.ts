import { canonicalJson, type Json, type JsonObject } from '../../base/json.ts'
import {
  incompleteness,
  isSameId,
  JobsApiError,
  type JobsClient,
  type WireJobRun,
  type WireList,
} from '../../client/index.ts'
import { containsReference, isReference } from '../../contract/index.ts'
import type { SeenRun } from '../../protocol/index.ts'

const mostPages = 1_000

/** All runs of a job, in every status, by its id alone: clocks differ, so nothing is bounded by time. */
export async function listRuns(
  api: JobsClient,
  jobId: string,
  config: JsonObject | null,
  signal: AbortSignal,
): Promise<{ runs: SeenRun[]; isComplete: boolean }> {
  const pages: WireList<WireJobRun>[] = []
  try {
    for (let cursor: string | undefined; pages.length < mostPages; ) {
      const query = { job_id: jobId, ...(cursor === undefined ? {} : { cursor }) }
      const page = await api.listJobRuns(query, { signal })
      pages.push(page)
      cursor = page.next_cursor
      if (cursor === undefined) break
    }
  } catch (error) {
    // A server may know nothing yet of a job that was just made; or something before it knows nothing of the server.
    if (!(error instanceof JobsApiError) || error.status !== 404) throw error
    return { runs: [], isComplete: false }
  }
  const items = pages.flatMap((page) => page.items)
  const runs = items.map((run) => toSeenRun(run, jobId, config))
  // One that shows runs of other jobs, too, may be cut to the size of all: what it lacks may be there.
  return { runs, isComplete: isWhole(pages) && runs.every((run) => run.jobId === jobId) }
}

/** Of several pages the counts may be each one's, or that of all. */
function isWhole(pages: readonly WireList<WireJobRun>[]): boolean {
  const [only] = pages
  if (only && pages.length === 1) return incompleteness(only) === undefined
  const total = pages.reduce((sum, { items }) => sum + items.length, 0)
  return (
    pages.at(-1)?.next_cursor === undefined &&
    pages.every(({ items, count, unreadable }) => !unreadable && (count === items.length || count === total))
  )
}

/** @param jobId as we name the job, @param config what was sent with the POST, if anything */
export function toSeenRun(run: WireJobRun, jobId: string, config: JsonObject | null): SeenRun {
  return {
    jobRunId: run.uuid,
    jobId: isSameId(run.job_id, jobId) ? jobId : run.job_id,
    status: run.status,
    createdAt: run.created_at,
    createdBy: run.created_by,
    sameConfig: sameConfig(run.config, config),
  }
}

/**
 * The echo has what was sent, merged over what the job had: more may be there, nothing else. What references were filled in with is
 * known to nobody who looks later: where one stands, anything may be.
 */
function sameConfig(echoed: JsonObject, sent: JsonObject | null): boolean | null {
  if (!sent || Object.keys(sent).length === 0 || Object.keys(echoed).length === 0) return null
  return Object.entries(sent).every(
    ([key, value]) => Object.hasOwn(echoed, key) && isEcho(value, echoed[key]),
  )
}

/** What a reference became when it was sent is not known here, nor how the server shows it. */
function isEcho(sent: Json, echoed: Json | undefined): boolean {
  if (isReference(sent)) return true
  if (!containsReference(sent)) return canonicalJson(echoed ?? null) === canonicalJson(sent)
  if (typeof sent !== 'object' || sent === null || typeof echoed !== 'object' || echoed === null) return false
  if (Array.isArray(sent) !== Array.isArray(echoed)) return false
  const shown = new Map(Object.entries(echoed))
  const parts = Object.entries(sent)
  return parts.length === shown.size && parts.every(([key, value]) => isEcho(value, shown.get(key)))
}
