import { type CliContext, note, type PipelineRunSummary } from '../context.ts'
import { toFailure, usageError } from '../errors.ts'
import { exitCodes } from '../exit-codes.ts'
import { renderJson } from '../output/json.ts'
import { statusPaint } from '../output/paint.ts'
import { renderTable } from '../output/table.ts'
import { escapeControl, formatDuration } from '../output/text.ts'
import { formatTime, parseSince } from '../output/time.ts'
import { toMs } from '../progress/steps.ts'

export interface RunsArgs {
  limit: number
  allWorkspaces?: boolean | undefined
  /** Of the pipeline's name. */
  pipeline?: string | undefined
  status?: string[] | undefined
  /** The name of the schedule that they are of. */
  schedule?: string | undefined
  since?: string | undefined
  /** Also runs that are steps of others. */
  nested?: boolean | undefined
}

const statuses = ['pending', 'running', 'held', 'cancelling', 'completed', 'failed', 'cancelled'] as const

/** `jobwright runs`: pipeline runs of the token's workspace, newest first. JSON is `{items, count}`, as the API's lists are. */
export async function runsHandler(args: RunsArgs, ctx: CliContext): Promise<number> {
  const filter = {
    pipeline: args.pipeline,
    statuses: args.status?.map(knownStatus),
    schedule: args.schedule,
    startedAfter: args.since === undefined ? undefined : parseSince(args.since, ctx.now()),
  }
  const workspace = args.allWorkspaces ? undefined : await ownWorkspace(ctx)
  const access = await ctx.connect()
  try {
    const { runs: items } = await access.pipelines.list({
      ...filter,
      limit: args.limit,
      workspace,
      nested: args.nested,
    })
    const isFiltered = Object.values(filter).some((value) => value !== undefined)
    if (ctx.output === 'json') ctx.stdout.write(renderJson({ items, count: items.length }))
    else ctx.stdout.write(items.length === 0 ? nothing(workspace, isFiltered) : table(items, workspace, ctx))
    return exitCodes.completed
  } finally {
    await access.close()
  }
}

function knownStatus(status: string): (typeof statuses)[number] {
  const known = statuses.find((one) => one === status)
  if (known) return known
  throw usageError(
    'unknown_status',
    `--status ${escapeControl(status)}: there is no such status`,
    `one of ${statuses.join(', ')}`,
  )
}

/** undefined when it is not known: then all runs are listed. Whoever may ask Temporal sees them anyway. */
export async function ownWorkspace(ctx: CliContext): Promise<string | undefined> {
  try {
    return (await ctx.whoami())?.workspace
  } catch (error) {
    const { message } = toFailure(error)
    note(ctx, `note: of all workspaces, as it is not known whose token this is: ${escapeControl(message)}`)
    return undefined
  }
}

function nothing(workspace: string | undefined, isFiltered: boolean): string {
  const none = isFiltered ? 'no such pipeline runs' : 'no pipeline runs'
  if (workspace === undefined) return `${none}\n`
  return `${none} in workspace ${escapeControl(workspace)}; --all-workspaces lists those of all\n`
}

function table(runs: PipelineRunSummary[], workspace: string | undefined, ctx: CliContext): string {
  const isOfAll = workspace === undefined
  const hasScheduled = runs.some(({ schedule }) => schedule !== undefined)
  const rows = runs.map((run) => {
    const started = toMs(run.started_at)
    const took = started === undefined ? '' : formatDuration((toMs(run.finished_at) ?? ctx.now()) - started)
    const whose = isOfAll ? [run.workspace, run.owner] : [run.owner]
    const tick = run.schedule ? formatTime(run.schedule.scheduled_for) : ''
    const times = [formatTime(run.started_at), took, ...(hasScheduled ? [tick] : [])]
    return [run.id, run.pipeline, run.status, ...times, ...whose]
  })
  const whose = isOfAll ? ['WORKSPACE', 'OWNER'] : ['OWNER']
  const times = ['STARTED', 'TOOK', ...(hasScheduled ? ['SCHEDULED FOR'] : [])]
  return renderTable(['ID', 'PIPELINE', 'STATUS', ...times, ...whose], rows, {
    columns: ctx.columns(),
    cut: ['PIPELINE', 'OWNER'],
    drop: ['OWNER', 'TOOK', 'SCHEDULED FOR', 'PIPELINE', 'STARTED'],
    paint: statusPaint(ctx.color),
  })
}
