import type { Expectations, ExpectedStep, JudgedStep, Violation } from './expectations.ts'
import { ledgerOf, type SeenRun } from './ledger.ts'
import { rules } from './rules.ts'
import type { ServerLogEntry } from './server-log.ts'

/**
 * Finds what broke a promise in what a server did. An empty list says that nothing did, as far as the log tells.
 *
 * @example
 * ```ts
 * import { readFileSync } from 'node:fs'
 * import { judge, parseServerLog } from 'jobwright/testing'
 *
 * const log = parseServerLog(readFileSync('requests.jsonl', 'utf8'))
 * for (const { rule, message } of judge(log, { generationOf: 'job' })) console.error(rule, message)
 * ```
 */
export function judge(log: readonly ServerLogEntry[], expectations: Expectations = {}): Violation[] {
  const ledger = ledgerOf(log)
  const steps = expectations.steps
    ? expectations.steps.map((step) => ({ step, runs: ledger.made.filter((run) => isOf(step, run)) }))
    : groups(ledger.made, expectations.generationOf ?? 'job')
  return rules.flatMap((rule) => rule({ ledger, steps, expectations }))
}

function groups(made: readonly SeenRun[], by: 'job' | 'job_and_config'): JudgedStep[] {
  const grouped = Map.groupBy(made, ({ jobId, config }) =>
    by === 'job' ? `job ${jobId}` : `job ${jobId} with ${JSON.stringify(config ?? null)}`,
  )
  return [...grouped].map(([name, runs]) => ({ step: { name }, runs }))
}

function isOf({ jobIds, config, jobRunIds }: ExpectedStep, run: SeenRun): boolean {
  if (jobRunIds?.includes(run.jobRunId)) return true
  if (jobIds === undefined && config === undefined) return false
  return (jobIds?.includes(run.jobId) ?? true) && (config === undefined || holds(run.config, config))
}

/** Whether all of `part` stands in `whole`. */
function holds(whole: unknown, part: unknown): boolean {
  if (typeof part !== 'object' || part === null || Array.isArray(part))
    return JSON.stringify(whole) === JSON.stringify(part)
  if (typeof whole !== 'object' || whole === null) return false
  return Object.entries(part).every(([key, value]) => holds((whole as Record<string, unknown>)[key], value))
}
