import { suggest } from '../../../base/suggest.ts'
import type { PipelinePlan } from '../../../pipeline/plan/index.ts'
import type { ScheduleRequest } from '../../../schedule/plan/index.ts'
import { compileToRun } from '../../compile-to-run.ts'
import { type CliContext, type Finding, note } from '../../context.ts'
import { usageError } from '../../errors.ts'
import { findingLine, hasErrors } from '../../output/findings.ts'
import { escapeControl, shellWord } from '../../output/text.ts'

/** A pipeline with the schedules that its file has. */
export interface FileSchedules {
  plan: PipelinePlan
  /** Of the saved pipeline. */
  version: number | undefined
  schedules: ScheduleRequest[]
}

/**
 * Compiles a file, or a saved pipeline; findings are told on stderr.
 * @param only the names of those that are meant; all of them where it is left out
 * @returns only the findings, where there is an error among them
 * @throws JobwrightError `no_schedule`, `unknown_schedule`
 */
export async function fileSchedules(
  given: string,
  only: readonly string[] | undefined,
  ctx: CliContext,
): Promise<FileSchedules | { findings: Finding[] }> {
  const { plan, findings, version, schedules = [] } = await compileToRun(given, ctx)
  for (const finding of findings) note(ctx, findingLine(finding, ctx.errorColor))
  if (!plan || hasErrors(findings)) return { findings }
  if (schedules.length === 0)
    throw usageError(
      'no_schedule',
      `${escapeControl(given)} has no schedule`,
      'write one into it, for example `schedule: { cron: "0 2 * * *", timezone: Europe/Berlin }`',
    )
  const names = schedules.map(({ name }) => name)
  const unknown = only?.find((name) => !names.includes(name))
  if (unknown !== undefined)
    throw usageError(
      'unknown_schedule',
      `--only ${escapeControl(unknown)}: ${escapeControl(shellWord(given))} has no such schedule`,
      suggest(unknown, names),
    )
  return { plan, version, schedules: schedules.filter(({ name }) => only?.includes(name) ?? true) }
}
