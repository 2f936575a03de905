import type { JobsClient, WireJobRun } from '../client/index.ts'
import { namedJobs } from './named-job.ts'
import type { RequestEntry, ServerLogEntry } from './server-log.ts'

/**
 * What a log that was taken between client and server lacks: the runs of requests that the server did and could not answer, and the ends of runs that
 * nobody looked at any more. Asked of the server itself, once all is over.
 */
export async function finalLook(
  log: readonly ServerLogEntry[],
  api: Pick<JobsClient, 'listJobRuns'>,
): Promise<ServerLogEntry[]> {
  const triggers = log.filter(
    (entry) => entry.event === 'request' && entry.method === 'POST' && entry.path === '/job-runs',
  ) as RequestEntry[]
  const jobOf = namedJobs(triggers)
  const jobIds = [...new Set(triggers.map(jobOf).filter((id) => id !== undefined))]
  const lists: { jobId: string; runs: WireJobRun[] }[] = []
  for (const jobId of jobIds) lists.push({ jobId, runs: (await api.listJobRuns({ job_id: jobId })).items })
  return lists.flatMap(({ jobId, runs }) => {
    const own = triggers.filter((trigger) => jobOf(trigger) === jobId)
    return [...madeUnanswered(own, runs), ...endsOf(runs, log.length)]
  })
}

/** Runs that no answer named belong to the requests that got none, oldest first; what is left over others have started. */
function madeUnanswered(triggers: readonly RequestEntry[], runs: readonly WireJobRun[]): RequestEntry[] {
  const named = new Set(triggers.map(({ made }) => made?.job_run_id))
  const open = triggers.filter(({ made, lost, status = 500 }) => made === undefined && !lost && status >= 500)
  const unnamed = runs
    .filter(({ uuid }) => !named.has(uuid))
    .toSorted((a, b) => (a.created_at < b.created_at ? -1 : 1))
  return unnamed.slice(0, open.length).flatMap(({ uuid, job_id, config }, index) => {
    const trigger = open[index]
    return trigger ? [{ ...trigger, made: { job_run_id: uuid, job_id, config } }] : []
  })
}

function endsOf(runs: readonly WireJobRun[], seq: number): ServerLogEntry[] {
  const atMs = Date.now()
  return runs.map(({ uuid, job_id, status }) => ({
    event: 'run_status',
    seq,
    atMs,
    job_run_id: uuid,
    job_id,
    status,
  }))
}
