import { locateApi } from '../../connect/locate.ts'
import type { CliContext, PipelineRunView } from '../context.ts'
import { count, escapeControl, formatDuration, shellWord } from '../output/text.ts'
import { formatTime } from '../output/time.ts'
import { stepName, toMs } from './steps.ts'

type StepLine = PipelineRunView['steps'][number]

/** A screen has room for some; `show --output json` has all. */
const stepsShown = 5
const candidatesShown = 5

/** Where a job run can be looked at; undefined where that is not known. */
export type JobRunLink = (jobRunId: string) => string | undefined

/** Of the connection that a pipeline run is on, as far as it is configured here. */
export async function jobRunLink(
  ctx: Pick<CliContext, 'config' | 'connections'>,
  { connection }: PipelineRunView,
): Promise<JobRunLink> {
  const url = await urlOf(ctx, connection?.name ?? '').catch(() => undefined)
  return (jobRunId) => (url === undefined ? undefined : `${url}/job-runs/${encodeURIComponent(jobRunId)}`)
}

async function urlOf(
  ctx: Pick<CliContext, 'config' | 'connections'>,
  name: string,
): Promise<string | undefined> {
  if (name === 'default') return (await locateApi(ctx.config)).baseUrl
  return (await ctx.connections(ctx.config))[name]?.url.replace(/\/+$/, '')
}

/** What a person has to decide, by what, and what to type. Pure. */
export function heldLines(view: PipelineRunView, now: number, link: JobRunLink): string[] {
  const parked = view.steps.filter((step) => step.unknown_trigger !== undefined)
  const lines = parked.slice(0, stepsShown).flatMap((step) => stepLines(view, step, now, link))
  if (parked.length > stepsShown)
    lines.push(
      `… and ${count(parked.length - stepsShown, 'more step')} (all of them: jobwright show ${shellWord(view.id)} --output json)`,
    )
  const nested = view.steps.filter((step) => step.status === 'held' && step.pipeline_run_id)
  lines.push(
    ...nested
      .slice(0, stepsShown)
      .flatMap((step) => [
        `step ${stepName(step)}: its pipeline run ${escapeControl(step.pipeline_run_id ?? '')} is held`,
        `  what it needs:          jobwright show ${shellWord(step.pipeline_run_id ?? '')}`,
      ]),
  )
  if (nested.length > stepsShown)
    lines.push(`… and ${count(nested.length - stepsShown, 'more pipeline run')} of its steps`)
  return lines
}

function stepLines(view: PipelineRunView, step: StepLine, now: number, link: JobRunLink): string[] {
  if (!step.unknown_trigger) return []
  const { job_id: job, sent_by: sent, candidates } = step.unknown_trigger
  const ago = formatDuration(now - (toMs(sent) ?? now))
  const item = step.item === undefined ? '' : ` --item ${step.item}`
  const words = `${shellWord(view.id)} ${shellWord(step.step)}`
  const [only, ...others] = candidates
  const run = only && others.length === 0 ? shellWord(only.job_run_id) : 'JOB_RUN'
  return [
    `step ${stepName(step)}: whether its job run was started is not known, as the answer to its POST was lost`,
    `  job ${escapeControl(job)}; the POST had left by ${formatTime(sent)} (${ago} ago)`,
    ...candidateLines(candidates, link),
    // The command line's own Jobs API.
    ...(view.connection?.name === 'default'
      ? [`  all of them:            jobwright jobs runs --job ${shellWord(job)}`]
      : []),
    `  take a job run for it:  jobwright adopt ${words} ${run}${item}`,
    `  trigger it once more:   jobwright trigger ${words}${item}`,
    `  give it up:             jobwright fail ${words}${item}`,
  ]
}

function candidateLines(
  candidates: NonNullable<StepLine['unknown_trigger']>['candidates'],
  link: JobRunLink,
): string[] {
  if (candidates.length === 0) return ['  no job run of that job is to be seen that may be it']
  const shown = candidates.slice(0, candidatesShown).map((run) => {
    const by = run.created_by === '' ? '' : ` by ${escapeControl(run.created_by)}`
    const at = link(run.job_run_id)
    const where = at === undefined ? '' : `  ${escapeControl(at)}`
    return `    ${escapeControl(run.job_run_id)}  ${escapeControl(run.status)}  created ${escapeControl(formatTime(run.created_at) ?? '')}${by}${where}`
  })
  const more = candidates.length - shown.length
  return ['  job runs that may be it:', ...shown, ...(more > 0 ? [`    … and ${more} more`] : [])]
}
