import { ticksCsv } from '../../../contract/schedules/csv.ts'
import { type TickOutcome, type TickRow, tickOutcomes } from '../../../contract/schedules/view.ts'
import type { CliContext } from '../../context.ts'
import { usageError } from '../../errors.ts'
import { exitCodes } from '../../exit-codes.ts'
import { renderJson } from '../../output/json.ts'
import { formatOf, painter } from '../../output/paint.ts'
import { renderTable } from '../../output/table.ts'
import { escapeControl } from '../../output/text.ts'
import { formatTime, parseSince } from '../../output/time.ts'
import { withSchedules } from './with-schedules.ts'
import { lateText } from './words.ts'

export interface LedgerArgs {
  name: string
  since?: string | undefined
  until?: string | undefined
  outcome?: string[] | undefined
  format?: 'table' | 'csv' | undefined
}

/** `jobwright schedule ledger NAME`: one row for each of its times, oldest first. JSON is `{items, count}`. */
export async function ledgerHandler(args: LedgerArgs, ctx: CliContext): Promise<number> {
  if (args.format !== undefined && ctx.output === 'json')
    throw usageError('bad_usage', '--format and --output json are two formats', 'give one of them')
  const from = args.since === undefined ? undefined : parseSince(args.since, ctx.now())
  const until = args.until === undefined ? undefined : parseSince(args.until, ctx.now(), '--until')
  const outcomes = args.outcome?.map(knownOutcome)
  const rows = await withSchedules(ctx, (schedules) =>
    schedules.ledger(args.name, { from, until, outcomes, signal: ctx.signal }),
  )
  if (ctx.output === 'json') {
    ctx.stdout.write(renderJson({ items: rows, count: rows.length }))
  } else ctx.stdout.write(args.format === 'csv' ? ticksCsv(rows) : table(rows, ctx))
  return exitCodes.completed
}

function knownOutcome(outcome: string): TickOutcome {
  const known = tickOutcomes.find((one) => one === outcome)
  if (known) return known
  throw usageError(
    'unknown_outcome',
    `--outcome ${escapeControl(outcome)}: there is no such outcome`,
    `one of ${tickOutcomes.join(', ')}`,
  )
}

function table(rows: readonly TickRow[], ctx: CliContext): string {
  if (rows.length === 0) return 'no times\n'
  const cells = rows.map((row) => [
    formatTime(row.nominal_at),
    row.outcome,
    row.reason,
    lateText(row),
    row.run,
  ])
  const paint = painter(ctx.color)
  return renderTable(['TIME', 'OUTCOME', 'REASON', 'LATE', 'RUN'], cells, {
    columns: ctx.columns(),
    drop: ['REASON'],
    paint: (heading, cell) =>
      heading === 'OUTCOME' ? paint(formatOf(colors[cell as TickOutcome]), cell) : cell,
  })
}

const colors: Readonly<Record<TickOutcome, string>> = {
  fired: 'ok',
  manual: 'ok',
  backfilled: 'ok',
  buffered: 'running',
  skipped: 'warning',
  paused: 'paused',
  missed: 'problem',
}
