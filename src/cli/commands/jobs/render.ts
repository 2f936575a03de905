import type { WireJob, WireJobRun, WireList } from '../../../client/index.ts'
import { decodePipelineRef } from '../../../contract/index.ts'
import type { CliContext } from '../../context.ts'
import { exitCodes } from '../../exit-codes.ts'
import { renderJson } from '../../output/json.ts'
import { statusPaint } from '../../output/paint.ts'
import { renderFields, renderTable } from '../../output/table.ts'
import { count, escapeControl } from '../../output/text.ts'
import { formatTime } from '../../output/time.ts'

/** The API's own answer for machines, `text` for people. */
export function answer(ctx: CliContext, value: unknown, text: () => string): number {
  ctx.stdout.write(ctx.output === 'json' ? renderJson(value) : text())
  return exitCodes.completed
}

export function jobTable(jobs: WireJob[], columns: number | undefined): string {
  const rows = jobs.map((job) => [
    job.uuid,
    formatTime(job.created_at),
    job.created_by,
    jobTypeOf(job),
    job.name,
  ])
  return renderTable(['JOB', 'CREATED', 'BY', 'TYPE', 'NAME'], rows, {
    columns,
    cut: ['NAME', 'BY'],
    drop: ['BY', 'CREATED'],
  })
}

export function runTable(runs: WireJobRun[], ctx: CliContext): string {
  const rows = runs.map((run) => [
    run.uuid,
    run.status,
    formatTime(run.created_at),
    run.job_id,
    belongsTo(run),
    run.job_name,
  ])
  return renderTable(['RUN', 'STATUS', 'CREATED', 'JOB', 'OF', 'NAME'], rows, {
    columns: ctx.columns(),
    cut: ['NAME'],
    drop: ['JOB', 'CREATED', 'NAME'],
    paint: statusPaint(ctx.color),
  })
}

/** Which pipeline run triggered it, and for which step: `night-1 tickets[3]`; null for a run of no pipeline. */
export function belongsTo({ client_ref }: Pick<WireJobRun, 'client_ref'>): string | null {
  const ref = decodePipelineRef(client_ref)
  const [, step, item, generation] = /^(.+)\/(-|\d+)\/(\d+)(?:\/wait)?$/.exec(ref?.activityId ?? '') ?? []
  if (!ref || step === undefined) return null
  const again = Number(generation) > 1 ? ` generation ${generation}` : ''
  return `${ref.workflowId} ${item === '-' ? step : `${step}[${item}]`}${again}`
}

export function jobFields(job: WireJob): string {
  return renderFields([
    ['job', job.uuid],
    ['name', job.name],
    ['description', job.description],
    ['config', JSON.stringify(job.config)],
    ['created', `${formatTime(job.created_at)} by ${job.created_by}`],
    ['updated', formatTime(job.updated_at)],
    ['deleted', job.is_deleted ? 'yes' : null],
  ])
}

export function runFields(run: WireJobRun): string {
  const outputs = run.output_references.map((output) => output.name ?? output.uuid ?? 'unnamed')
  const progress = [
    typeof run.progress?.fraction === 'number' ? `${Math.round(run.progress.fraction * 100)} %` : '',
    run.progress?.message ?? '',
  ]
  return renderFields([
    ['run', run.uuid],
    ['job', `${run.job_id} ${run.job_name}`.trim()],
    ['of', belongsTo(run)],
    ['status', run.status],
    ['error', run.error ? `${run.error.code}: ${run.error.message}` : null],
    ['progress', progress.join(' ').trim() || null],
    ['attempt', run.attempt],
    ['config', JSON.stringify(run.config)],
    ['created', `${formatTime(run.created_at)} by ${run.created_by}`],
    ['started', formatTime(run.started_at)],
    ['finished', formatTime(run.finished_at)],
    ['outputs', outputs.length > 0 ? outputs.join(', ') : null],
  ])
}

function jobTypeOf(job: WireJob): string {
  const type = job.config.job_type
  return typeof type === 'string' ? type : ''
}

/** What is to be known of a list beside its table: that some of it could not be read, and how to get the rest. */
export function belowList({ unreadable = [], next_cursor }: WireList<unknown>): string {
  const [first] = unreadable
  const unread =
    first === undefined
      ? ''
      : `${count(unreadable.length, 'item')} of the server cannot be read: ${escapeControl(first)}\n`
  const more =
    next_cursor === undefined ? '' : `more: add --cursor ${next_cursor.replace(/[^\w.~+/=-]/g, '?')}\n`
  return unread + more
}
