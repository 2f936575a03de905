import type { PipelineRunView } from '../context.ts'
import { count, escapeControl } from '../output/text.ts'

type Queue = NonNullable<PipelineRunView['queue']>

/** More than some who have a place nobody reads. */
const holdersShown = 3

/** What somebody waits for who waits for a place: `waits for a place under the key K: run X has it, 3rd in line`. Pure. */
export function queueText({ key, limit, position, holders }: Queue): string {
  const places = limit === 1 ? '' : ` (limit ${limit})`
  const shown = (holders ?? []).slice(0, holdersShown).map(holderText)
  const more = (holders ?? []).length - shown.length
  const names = [...shown, ...(more > 0 ? [count(more, 'other')] : [])]
  const who = names.length === 0 ? '' : `: ${names.join(', ')} ${names.length === 1 ? 'has it' : 'have them'}`
  const line = position === undefined ? '' : `, ${ordinal(position)} in line`
  return `waits for a place under the key ${escapeControl(key)}${places}${who}${line}`
}

/** `run X`, `run X step build[3]` */
export function holderText({
  pipeline_run_id: run,
  step,
  item,
}: NonNullable<Queue['holders']>[number]): string {
  const which = item === undefined ? '' : `[${item}]`
  return `run ${escapeControl(run)}${step === undefined ? '' : ` step ${escapeControl(step)}${which}`}`
}

function ordinal(position: number): string {
  const teens = position % 100
  if (teens >= 11 && teens <= 13) return `${position}th`
  return `${position}${['th', 'st', 'nd', 'rd'][position % 10] ?? 'th'}`
}
