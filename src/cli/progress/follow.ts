import { createLogUpdate } from 'log-update'
import { JobwrightError } from '../../base/errors.ts'
import { type CliContext, note, type PipelineRunView, type Pipelines } from '../context.ts'
import { exitCodeOfStatus, exitCodes } from '../exit-codes.ts'
import { renderJson } from '../output/json.ts'
import { painter } from '../output/paint.ts'
import { shellWord } from '../output/text.ts'
import { renderBlock } from './block.ts'
import { heldLines, jobRunLink } from './held.ts'
import { createJobRunProgress, keepLooking } from './job-runs.ts'
import { changeLines, type Said } from './lines.ts'
import { summaryLines } from './summary.ts'

const redrawIntervalMs = 250
/** Nothing at all is worth a word. */
const silenceMs = 5_000

export interface ProgressSink {
  update(view: PipelineRunView): void
  /** A line about something else, which stays above the picture. */
  say(line: string): void
  /** Leaves the last picture standing. */
  end(): void
}

/** What showing progress needs of the process around it. */
export type ProgressScreen = Pick<
  CliContext,
  'stdout' | 'stderr' | 'canRedraw' | 'columns' | 'rows' | 'color' | 'output' | 'now'
>

export interface FollowOptions {
  /** Exit codes other than the usual, by status. */
  exitCodes?: Partial<Record<PipelineRunView['status'], number>>
  /** Goes on while the run is held: it is about to end. */
  isPatient?: boolean
}

/**
 * Shows a pipeline run until it is over or a person has to decide, then its summary (or, with `--output json`, the run on stdout).
 * Ctrl-C lets go of it: the run goes on, and stderr says how to come back. Returns the exit code.
 */
export async function follow(
  pipelines: Pipelines,
  id: string,
  ctx: CliContext,
  options: FollowOptions = {},
): Promise<number> {
  const sink = createProgress(ctx)
  const silence = setTimeout(
    () => note(ctx, 'no word of the run yet; Temporal may be away for a moment'),
    silenceMs,
  )
  const codeOf = ({ status }: PipelineRunView) =>
    status === 'held' && options.isPatient ? undefined : exitCodeOfStatus(status)
  let last: PipelineRunView | undefined
  const progress = createJobRunProgress(ctx)
  const stopLooking = keepLooking(
    progress,
    () => last,
    (view) => sink.update(progress.join(view)),
  )
  try {
    for await (const view of pipelines.watch(id, { signal: ctx.signal })) {
      clearTimeout(silence)
      last = view
      sink.update(progress.join(view))
      if (codeOf(view) !== undefined || ctx.signal.aborted) break
    }
  } catch (error) {
    sink.end()
    if (!ctx.signal.aborted) throw error
  } finally {
    clearTimeout(silence)
    stopLooking()
    sink.end()
  }
  const ended = last === undefined ? undefined : codeOf(last)
  if (last === undefined || ended === undefined) return ctx.signal.aborted ? detach(id, ctx) : lostSight(id)
  ctx.stdout.write(
    ctx.output === 'json'
      ? renderJson(last)
      : `${[...summaryLines(last, { failures: !isDrawn(ctx) }), ...heldLines(last, ctx.now(), await jobRunLink(ctx, last))].join('\n')}\n`,
  )
  return options.exitCodes?.[last.status] ?? ended
}

const isDrawn = (screen: ProgressScreen): boolean => screen.output === 'text' && screen.canRedraw

/** A block that is drawn over itself on a terminal, one line per change elsewhere. */
export function createProgress(screen: ProgressScreen): ProgressSink {
  return isDrawn(screen) ? drawBlock(screen) : printLines(screen)
}

function detach(id: string, ctx: CliContext): number {
  note(ctx, 'Detached; the run goes on.')
  note(ctx, `  jobwright watch ${shellWord(id)}`)
  note(ctx, `  jobwright cancel ${shellWord(id)}`)
  return exitCodes.interrupted
}

function lostSight(id: string): never {
  throw new JobwrightError({
    code: 'lost_sight',
    fault: 'unreachable',
    message: `lost sight of ${id} before it ended; the run itself goes on`,
    fix: `jobwright watch ${shellWord(id)}`,
  })
}

/** A block that is drawn over itself; the clocks in it run between two changes. */
function drawBlock(ctx: ProgressScreen): ProgressSink {
  // The cursor stays: nothing to restore when the process is killed.
  const draw = createLogUpdate(ctx.stdout as NodeJS.WriteStream, { showCursor: true })
  const paint = painter(ctx.color)
  let current: PipelineRunView | undefined
  const block = (maxLines: number) =>
    current ? renderBlock(current, ctx.now(), ctx.columns() ?? 80, paint, maxLines).join('\n') : ''
  // One line less than there are: the cursor stands below the block.
  const redraw = () => current && draw(block((ctx.rows() ?? 24) - 1))
  const timer = setInterval(redraw, redrawIntervalMs)
  return {
    update(view) {
      current = view
      redraw()
    },
    say(line) {
      draw.clear()
      ctx.stdout.write(`${line}\n`)
      redraw()
    },
    end() {
      clearInterval(timer)
      if (current === undefined) return
      // What stays is whole, however small the terminal is.
      draw.clear()
      ctx.stdout.write(`${renderBlock(current, ctx.now(), undefined, paint).join('\n')}\n`)
      current = undefined
    },
  }
}

/** One line per change: on stdout, or on stderr when stdout is for data alone. */
function printLines(ctx: ProgressScreen): ProgressSink {
  const said: Said = new Map()
  const stream = ctx.output === 'json' ? ctx.stderr : ctx.stdout
  return {
    update(view) {
      for (const line of changeLines(said, view, ctx.now())) stream.write(`${line}\n`)
    },
    say(line) {
      stream.write(`${line}\n`)
    },
    end() {},
  }
}
