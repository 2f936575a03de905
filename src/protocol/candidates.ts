/** Which of the runs that a job shows are ours. No imports: the same code runs in workflows, activities and checkers. */

/** A run as a list shows it. Timestamps and names are the server's own text, never compared with our clock. */
export interface SeenRun {
  jobRunId: string
  jobId: string
  status: string
  createdAt: string
  /** '' where the server does not say. */
  createdBy: string
  /** Whether the echoed config is the one that we send: null where the server echoes none, or nothing was sent. */
  sameConfig: boolean | null
}

/** Runs that were there at some moment, in few bytes: all up to the newest, and those that are as new. */
export interface SeenBefore {
  createdAt: string
  jobRunIds: string[]
}

/** What tells our runs from others. */
export interface OwnJob {
  jobId: string
  /** Made for this one run; otherwise it is anybody's, and a run of it may be a stranger's. */
  isOwn: boolean
  /** When it was made, by the workflow's clock: for a while the server may not know it yet. */
  madeAtMs: number
  /** The execution that made it, or looked it up; absent where an older worker did. */
  madeIn?: string
  /** Whom our requests act for, as the server calls it; '' where that is not known. */
  creator: string
  /** What was there before anything was sent; null where nothing was, or the job is ours alone. */
  before: SeenBefore | null
  /** What we send bears the name of this pipeline run, so that an equal config cannot be somebody else's. */
  isMarked: boolean
  /** Runs that are known already, those of others of this pipeline run among them. */
  taken?: readonly string[]
}

export interface Judged {
  /** Earliest first. */
  ours: SeenRun[]
  /** May be ours, and may be somebody else's: never adopted without a person's word. Earliest first. */
  doubtful: SeenRun[]
  /** Others', of a job that is not ours alone. */
  strangers: SeenRun[]
}

/**
 * Sorts a job's runs into ours and others'. A run of another job is never ours; one of another creator or with another config is
 * never taken, but on a job that was made for us alone it may be ours, sent by a worker with another token. One that does not say
 * which job it is of may be anybody's. On a job that is not ours alone, a run is ours only if its config says so.
 */
export function judgeRuns(runs: readonly SeenRun[], job: OwnJob): Judged {
  const judged: Judged = { ours: [], doubtful: [], strangers: [] }
  for (const run of earliestFirst(runs)) {
    if (
      (run.jobId !== job.jobId && run.jobId !== '') ||
      wasBefore(run, job.before) ||
      job.taken?.includes(run.jobRunId)
    )
      continue
    const isOthers =
      (job.creator !== '' && run.createdBy !== '' && run.createdBy !== job.creator) ||
      run.sameConfig === false
    const isSurelyOurs = job.isOwn || (job.isMarked && run.sameConfig === true)
    if (isOthers && !job.isOwn) judged.strangers.push(run)
    else if (isSurelyOurs && !isOthers && run.jobId !== '') judged.ours.push(run)
    else judged.doubtful.push(run)
  }
  return judged
}

/** What to remember of runs that are not ours; with what was remembered before. */
export function seenBefore(runs: readonly SeenRun[], earlier: SeenBefore | null = null): SeenBefore | null {
  const newest = earliestFirst(runs).at(-1)
  if (!newest) return earlier
  if (earlier && instant(earlier.createdAt) > instant(newest.createdAt)) return earlier
  const isAsNew = (createdAt: string) => instant(createdAt) === instant(newest.createdAt)
  const alike = runs.filter(({ createdAt }) => isAsNew(createdAt)).map(({ jobRunId }) => jobRunId)
  const kept = earlier && isAsNew(earlier.createdAt) ? earlier.jobRunIds : []
  return { createdAt: newest.createdAt, jobRunIds: [...new Set([...kept, ...alike])] }
}

function wasBefore(run: SeenRun, before: SeenBefore | null): boolean {
  if (!before) return false
  return instant(run.createdAt) < instant(before.createdAt) || before.jobRunIds.includes(run.jobRunId)
}

/** By the server's clock; a list may come in any order. Runs of one instant stay in the list's order. */
function earliestFirst(runs: readonly SeenRun[]): SeenRun[] {
  const unique = new Map(runs.map((run) => [run.jobRunId, run]))
  return [...unique.values()].sort((a, b) => instant(a.createdAt) - instant(b.createdAt))
}

/** Without a zone it is UTC: what counts is that all are read alike. Unreadable ones come last. */
function instant(text: string): number {
  const ms = Date.parse(/Z$|[+-]\d\d:?\d\d$/.test(text) ? text : `${text}Z`)
  return Number.isNaN(ms) ? Number.MAX_SAFE_INTEGER : ms
}
