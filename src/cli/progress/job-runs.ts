import { clientOf } from '../../connect/clients.ts'
import { isDone } from '../../pipeline/plan/transitions.ts'
import type { CliContext, JobsClient, PipelineRunView } from '../context.ts'

type StepLine = PipelineRunView['steps'][number]
/** Of an open run, as the API shows it now. */
type Known = Partial<Pick<StepLine, 'status' | 'progress'>>

/** More than a screen shows is not asked for: each is a request. */
const askedAtOnce = 10
/** Of a server that is not ours: there a look costs somebody else. */
const askedElsewhere = 2
const askEveryMs = 2_000
const patienceMs = 5_000

/** What handlers say of how far they are, by job run; from the Jobs API, since no history should carry it. */
export interface JobRunProgress {
  /** Asks about some of the runs that are open; true when something is new. Never throws: the view does without. */
  look(view: PipelineRunView): Promise<boolean>
  /** The view with what is known. */
  join(view: PipelineRunView): PipelineRunView
}

export function createJobRunProgress(
  ctx: Pick<CliContext, 'api' | 'signal' | 'config' | 'connections'>,
): JobRunProgress {
  const known = new Map<string, Known>()
  /** Not on this Jobs API: the pipeline runs on another connection. */
  const unknown = new Set<string>()
  let api: Promise<JobsClient | undefined> | undefined
  /** Where the last look ended, so that all have their turn. */
  let turn = 0

  async function ask(client: JobsClient, jobRunId: string): Promise<boolean> {
    try {
      const signal = AbortSignal.any([ctx.signal, AbortSignal.timeout(patienceMs)])
      const { progress, status } = await client.getJobRun(jobRunId, { signal })
      const news: Known = {
        // Over: the pipeline run will say how in a moment, and did not go back meanwhile.
        ...(status === 'paused' ? { status } : status === 'pending' ? {} : { status: 'running' as const }),
        ...(progress
          ? { progress: { fraction: progress.fraction ?? null, message: progress.message ?? null } }
          : {}),
      }
      const isNew = JSON.stringify(known.get(jobRunId) ?? {}) !== JSON.stringify(news)
      known.set(jobRunId, news)
      return isNew
    } catch (error) {
      // An outage passes.
      if (error instanceof Error && 'status' in error && error.status === 404) unknown.add(jobRunId)
      return false
    }
  }

  /** Of the connection that the pipeline names, where this configuration has it. */
  async function connect(name: string): Promise<JobsClient | undefined> {
    if (name === 'default') return ctx.api()
    const known = (await ctx.connections(ctx.config))[name]
    return known && clientOf(known, patienceMs)
  }

  return {
    async look(view) {
      api ??= connect(view.connection?.name ?? 'default').catch(() => undefined)
      const client = await api
      if (!client) return false
      const open = view.steps.flatMap(({ status, job_run_id: id }) =>
        id !== null && !isDone(status) && !unknown.has(id) ? [id] : [],
      )
      const asked = [...open.slice(turn), ...open.slice(0, turn)].slice(
        0,
        view.connection?.mode === 'fenced' ? askedAtOnce : askedElsewhere,
      )
      turn = open.length === 0 ? 0 : (turn + asked.length) % open.length
      return (await Promise.all(asked.map((id) => ask(client, id)))).includes(true)
    },
    join: (view) => ({
      ...view,
      steps: view.steps.map((step) => {
        const now = step.job_run_id === null || isDone(step.status) ? undefined : known.get(step.job_run_id)
        if (!now) return step
        // What the pipeline run decided counts for more than how the job run is.
        const isPending = step.status === 'pending' || step.status === 'running' || step.status === 'paused'
        return { ...step, ...now, status: (isPending ? now.status : undefined) ?? step.status }
      }),
    }),
  }
}

/** Looks again and again at the runs of what `current` gives, until it is told to end. */
export function keepLooking(
  progress: JobRunProgress,
  current: () => PipelineRunView | undefined,
  onNews: (view: PipelineRunView) => void,
): () => void {
  let isOver = false
  let timer: NodeJS.Timeout | undefined
  const look = async () => {
    const view = current()
    const isNew = view !== undefined && (await progress.look(view))
    const latest = current()
    if (isOver) return
    if (isNew && latest) onNews(latest)
    timer = setTimeout(look, askEveryMs)
  }
  timer = setTimeout(look, askEveryMs / 4)
  return () => {
    isOver = true
    clearTimeout(timer)
  }
}

/** `40% reading page 3` */
export function progressText({ progress }: StepLine): string {
  if (!progress) return ''
  const percent = progress.fraction === null ? [] : [`${Math.floor(progress.fraction * 100)}%`]
  return [...percent, ...(progress.message ? [progress.message] : [])].join(' ')
}
