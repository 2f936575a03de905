import { pause } from '../../base/abort.ts'
import { JobsApiError } from '../../client/errors.ts'
import { type LogLine, limits } from '../../contract/index.ts'
import { type CliContext, type JobsClient, note, type PipelineRunView } from '../context.ts'
import { usageError } from '../errors.ts'
import { exitCodes } from '../exit-codes.ts'
import { renderJson } from '../output/json.ts'
import { logLine } from '../output/log-line.ts'
import { escapeControl, shellWord } from '../output/text.ts'
import { stepName } from '../progress/steps.ts'
import { parseStepName } from '../step-name.ts'

export interface LogsArgs {
  /** Of a pipeline run. */
  id: string
  /** `STEP` or `STEP[ITEM]`; left out: of all. */
  step?: string | undefined
  /** Until the run is over. */
  follow?: boolean | undefined
}

/** One job run of a pipeline run, and how far its lines were read. */
interface Source {
  step: string
  item?: number
  generation: number
  job_run_id: string
}
interface Position {
  cursor: string | undefined
  /** Of the page behind the cursor. */
  seen: number
  isMissing: boolean
}
type SourceLine = Source & LogLine

const followIntervalMs = 1_000

/** `jobwright logs ID [STEP]`: the log lines of a pipeline run's job runs, earlier generations included, by time. */
export async function logsHandler(args: LogsArgs, ctx: CliContext): Promise<number> {
  const isWanted = selectStep(args.step)
  const access = await ctx.connect()
  try {
    const api = await ctx.api()
    const nested = new Set<string>()
    const positions = new Map<string, Position>()
    const all: SourceLine[] = []
    for (;;) {
      const view = await access.pipelines.show(args.id)
      if (args.step !== undefined && !view.steps.some(isWanted)) refuseUnknownStep(args.step, view)
      for (const run of nestedOf(view, isWanted)) nested.add(run)
      const lines = await readOn(sourcesOf(view, isWanted), positions, api, ctx)
      if (ctx.output === 'text') ctx.stdout.write(lines.map((line) => prefixed(line)).join(''))
      else if (args.follow) ctx.stdout.write(lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
      else all.push(...lines)
      if (!args.follow || view.finished_at !== null) break
      await pause(followIntervalMs, ctx.signal)
      if (ctx.signal.aborted) return exitCodes.interrupted
    }
    if (ctx.output === 'json' && !args.follow) ctx.stdout.write(renderJson({ items: all, count: all.length }))
    for (const run of nested)
      note(
        ctx,
        `note: pipeline run ${escapeControl(run)} has lines of its own: jobwright logs ${shellWord(run)}`,
      )
    for (const [run, { isMissing }] of positions)
      if (isMissing)
        note(
          ctx,
          `note: the default Jobs API has no lines of run ${escapeControl(run)}: other servers keep their logs themselves`,
        )
    return exitCodes.completed
  } finally {
    await access.close()
  }
}

type StepLine = PipelineRunView['steps'][number]

/** @throws JobwrightError `bad_step` */
function selectStep(text: string | undefined): (line: Pick<StepLine, 'step' | 'item'>) => boolean {
  if (text === undefined) return () => true
  const { step, item } = parseStepName(text)
  return (line) => line.step === step && (item === undefined || line.item === item)
}

function refuseUnknownStep(text: string, view: PipelineRunView): never {
  const names = [...new Set(view.steps.map(({ step }) => step))]
  throw usageError(
    'unknown_step',
    `the run ${escapeControl(view.id)} has no ${escapeControl(text)}`,
    names.length === 0
      ? view.warnings.join('; ')
      : `its steps are ${names.slice(0, 20).map(escapeControl).join(', ')}`,
  )
}

/** The pipeline runs that steps are. */
function nestedOf(view: PipelineRunView, isWanted: (line: StepLine) => boolean): string[] {
  return view.steps.filter(isWanted).flatMap(({ pipeline_run_id: id }) => id ?? [])
}

/** The job runs of what is wanted, each with those of the generations before. */
function sourcesOf(view: PipelineRunView, isWanted: (line: StepLine) => boolean): Source[] {
  return view.steps.filter(isWanted).flatMap(({ step, item, generation, job_run_id, earlier = [] }) =>
    [...earlier, { generation, job_run_id }].flatMap((one) =>
      one.job_run_id === null
        ? []
        : [
            {
              step,
              ...(item === undefined ? {} : { item }),
              generation: one.generation,
              job_run_id: one.job_run_id,
            },
          ],
    ),
  )
}

/** What the sources have said since the positions, which are brought up to date; in the order of time. */
async function readOn(
  sources: Source[],
  positions: Map<string, Position>,
  api: JobsClient,
  ctx: CliContext,
): Promise<SourceLine[]> {
  const lines: SourceLine[] = []
  for (const source of sources) {
    const position = positions.get(source.job_run_id) ?? { cursor: undefined, seen: 0, isMissing: false }
    positions.set(source.job_run_id, position)
    for (const line of await readSource(source.job_run_id, position, api, ctx))
      lines.push({ ...source, ...line })
  }
  return lines.sort((a, b) => Date.parse(a.at) - Date.parse(b.at))
}

async function readSource(
  run: string,
  position: Position,
  api: JobsClient,
  { signal }: CliContext,
): Promise<LogLine[]> {
  const lines: LogLine[] = []
  for (;;) {
    const { cursor } = position
    const query = { limit: limits.pageItems, ...(cursor === undefined ? {} : { cursor }) }
    const page = await api.listJobRunLogs(run, query, { signal }).catch((error: unknown) => {
      if (error instanceof JobsApiError && error.status === 404) return undefined
      throw error
    })
    position.isMissing = page === undefined
    if (page === undefined) return lines
    lines.push(...page.items.slice(position.seen))
    position.seen = page.items.length
    if (page.next_cursor === undefined || page.next_cursor === cursor) return lines
    position.cursor = page.next_cursor
    position.seen = 0
  }
}

function prefixed(line: SourceLine): string {
  const generation = line.generation > 1 ? ` generation ${line.generation}` : ''
  return logLine(line, `${stepName(line)}${generation}`)
}
