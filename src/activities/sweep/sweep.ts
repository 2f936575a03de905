import { messageOf } from '../../base/causes.ts'
import type { SweepFinding, SweepMode, SweepReport } from '../../contract/sweep.ts'
import type { ActivityDependencies } from '../dependencies.ts'
import { eachOf } from '../each-of.ts'
import { rejected } from '../failures.ts'
import { type ConnectionKnowledge, profileOf } from '../profile-connection.ts'
import { sweepNested } from './sweep-nested.ts'
import { codeOf, sweepRun } from './sweep-run.ts'
import type { ClosedRun, SweepInput } from './types.ts'

/** On the first sweep of all; and for so long what cannot be looked at is tried. */
const dayMs = 24 * 60 * 60_000
/** How late a list may show that a pipeline run has closed. */
const marginMs = 10 * 60_000
const lookedAtOnce = 8
/** What is left is for the next sweep. */
const mostRuns = 200
const longestMs = 40_000
const mostFindings = 100

export type SweepDependencies = ActivityDependencies & {
  knowledgeOf(
    connection: string,
    api: NonNullable<ReturnType<ActivityDependencies['connection']>>['api'],
  ): Promise<ConnectionKnowledge>
}

/**
 * Looks for what pipeline runs left active that were closed from outside, where no code of theirs ran. All of it is safe to do again:
 * a sweep that is lost costs the next one some looks.
 */
export async function sweep(deps: SweepDependencies, { mode, last }: SweepInput): Promise<SweepReport> {
  const startedAtMs = Date.now()
  // What was only reported is not done with for one that cancels.
  const memory = last?.mode === 'report' && mode === 'cancel' ? undefined : last?.next
  const known = new Set(memory?.done)
  const sinceMs = Math.min(memory?.sinceMs ?? startedAtMs - dayMs, startedAtMs - marginMs)
  const { runs, isCut, seen } = await newRuns(deps, sinceMs, known)
  const findings: SweepFinding[] = []
  const unfinished: ClosedRun[] = []
  await eachOf(runs, lookedAtOnce, async (run) => {
    const isLate = Date.now() - startedAtMs > longestMs
    const { isDone, found } = isLate ? { isDone: false, found: [] } : await lookAt(deps, run, mode)
    findings.push(...found)
    if (isDone || startedAtMs - run.closedAtMs > dayMs) known.add(run.runId)
    else unfinished.push(run)
  })
  tell(deps, findings, last?.findings ?? [])
  const nextMs = isCut
    ? sinceMs
    : Math.min(startedAtMs - marginMs, ...unfinished.map(({ closedAtMs }) => closedAtMs))
  const done = [...seen].filter(([runId, closedAtMs]) => known.has(runId) && closedAtMs >= nextMs)
  return {
    mode,
    startedAtMs,
    looked: runs.length,
    findings: findings.slice(0, mostFindings),
    unfinished: unfinished.length,
    next: { sinceMs: nextMs, done: done.map(([runId]) => runId) },
  }
}

async function newRuns({ closedRuns }: SweepDependencies, sinceMs: number, known: ReadonlySet<string>) {
  const runs: ClosedRun[] = []
  const seen = new Map<string, number>()
  for await (const run of closedRuns.since(sinceMs)) {
    if (!known.has(run.runId)) {
      if (runs.length >= mostRuns) return { runs, seen, isCut: true }
      runs.push(run)
    }
    seen.set(run.runId, run.closedAtMs)
  }
  return { runs, seen, isCut: false }
}

/** Looks once for what one of them left active, and has it cancelled; done when nothing of it is active any more. */
export async function lookAt(deps: SweepDependencies, run: ClosedRun, mode: SweepMode) {
  const failed = (error: unknown): SweepFinding => {
    const code = codeOf(error)
    // What nobody expects; of what a server says only the code is told, as it may repeat what it was sent.
    if (code === 'unreadable')
      deps.log.warn(
        { pipelineRun: run.workflowId, error: messageOf(error) },
        'a closed pipeline run cannot be looked at',
      )
    return { pipelineRun: run.workflowId, step: '', item: null, jobRunId: null, outcome: 'failed', code }
  }
  try {
    await deps.closedRuns.tellFailed(run)
    const remains = await deps.closedRuns.remainsOf(run)
    const nested = await sweepNested(deps.nestedRuns, run, remains?.nested ?? [], mode)
    if (!remains || remains.runs.length + (remains.unbegun ?? []).length === 0) return nested
    const connected = deps.connection(remains.connection)
    // Perhaps another worker has it.
    if (!connected)
      return {
        isDone: false,
        found: [...nested.found, failed(rejected('unknown_connection', remains.connection))],
      }
    // Not with the token of somebody else.
    const profile = profileOf(await deps.knowledgeOf(remains.connection, connected.api), connected, remains)
    const { isDone, found } = await sweepRun(
      { api: connected.api, namespace: deps.namespace, mode },
      run,
      // What was not found out before the first trigger was, as far as the history tells, is so now.
      { ...remains, mode: remains.mode ?? profile.mode },
    )
    return { isDone: isDone && nested.isDone, found: [...nested.found, ...found] }
  } catch (error) {
    return { isDone: false, found: [failed(error)] }
  }
}

/** What the last sweep said is no news. */
function tell(
  { log }: SweepDependencies,
  findings: readonly SweepFinding[],
  told: readonly SweepFinding[],
): void {
  const isTold = (finding: SweepFinding) =>
    told.some((other) => JSON.stringify(other) === JSON.stringify(finding))
  for (const finding of findings)
    if (!isTold(finding)) log.warn(finding, 'left behind by a closed pipeline run')
}
