import { installationNames } from '../../contract/names.ts'
import type { SweepReport } from '../../contract/sweep.ts'
import type { connectTemporal, SweepState } from '../../temporal/index.ts'
import { toFailure } from '../errors.ts'
import { count } from '../output/text.ts'
import type { Check } from './check.ts'

const name = 'sweeps'
/** They come every minute. */
const lateMs = 5 * 60_000
const loss = 'what a pipeline run leaves active when it is terminated is not cancelled'

/** Whether anybody looks after what terminated pipeline runs leave active, and what the last look found. */
export async function checkSweeps(
  client: Awaited<ReturnType<typeof connectTemporal>>,
  installation: string | undefined,
): Promise<Check> {
  const { readSweeps } = await import('../../temporal/index.ts')
  const names = installationNames(installation)
  try {
    return describeSweeps(await readSweeps(client, names), names.sweeperId, Date.now())
  } catch (error) {
    const detail = `the schedule ${names.sweeperId} cannot be read: ${toFailure(error).message}`
    return { name, status: 'warning', detail }
  }
}

/** What is to be said of sweeps. */
export function describeSweeps(state: SweepState | undefined, schedule: string, nowMs: number): Check {
  const warning = (detail: string, fix: string): Check => ({ name, status: 'warning', detail, fix })
  if (!state)
    return warning(
      `no schedule ${schedule}: ${loss}`,
      'start a worker that may set it up, without JOBWRIGHT_SWEEP=off',
    )
  if (state.isPaused)
    return warning(
      `the schedule ${schedule} is paused: ${loss}`,
      `\`temporal schedule toggle --schedule-id ${schedule} --unpause\``,
    )
  const { last, startedAt } = state
  if (!last) {
    if (!startedAt) return { name, status: 'ok', detail: 'scheduled; the first one is still to come' }
    return warning(
      `none has ended; the last one was started at ${startedAt.toISOString()}`,
      'is a worker running?',
    )
  }
  const at = new Date(last.startedAtMs).toISOString()
  if (nowMs - last.startedAtMs > lateMs)
    return warning(`the last one that ended is of ${at}`, 'is a worker running?')
  const detail = `the last one at ${at} ${described(last)}`
  const isClean = last.findings.length === 0 && last.unfinished === 0
  return { name, status: isClean || last.findings.every(isEnded) ? 'ok' : 'warning', detail }
}

function isEnded({ outcome }: SweepReport['findings'][number]): boolean {
  return outcome === 'cancelled'
}

function described({ mode, findings, unfinished, looked }: SweepReport): string {
  if (looked === 0) return 'found nothing left behind'
  const outcomes = new Map<string, number>()
  for (const { outcome } of findings) outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
  const found = [...outcomes].map(([outcome, number]) => `${number} ${outcome}`).join(', ')
  const job = `found ${count(findings.length, 'job run')} left behind${found === '' ? '' : ` (${found})`}`
  const rest = unfinished === 0 ? '' : `; ${count(unfinished, 'pipeline run')} to be looked at again`
  return `${job} by ${count(looked, 'closed pipeline run')}${mode === 'report' ? ', which it only reports' : ''}${rest}`
}
