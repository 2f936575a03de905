import type { WorkflowHandle } from '@temporalio/client'
import { stepRunId } from '../../base/step-run-id.ts'
import { signalNames } from '../../contract/names.ts'
import {
  type JobRunRecord,
  type PipelinePlan,
  type PipelineRunState,
  type UnbegunRuns,
  unbegunRuns,
} from '../../pipeline/plan/index.ts'
import type { OwnJob } from '../../protocol/index.ts'
import type { NestedRunIdentity } from '../nested/types.ts'
import type { PostJobRunResult, TriggerQuicklyResult } from '../types.ts'
import type { PipelineRemains, RemainingRun } from './types.ts'

type History = Awaited<ReturnType<WorkflowHandle['fetchHistory']>>
type HistoryEvent = NonNullable<History['events']>[number]
type Payloads = { payloads?: { data?: Uint8Array | null }[] | null } | null | undefined

/** A trigger without an outcome is looked for so long: the operator's bounds may be lost, and looking costs a request a minute. */
const doubtMs = 10 * 60_000

interface Generation extends RemainingRun {
  job?: OwnJob
  extras: string[]
  /** POSTs without a known outcome. */
  lost: number
}

/** The argument of `runPipeline`, as far as it is needed here. */
interface Argument {
  plan: PipelinePlan
  workspace?: string
  state?: PipelineRunState
}

/**
 * What a pipeline run may have active, read off the history of its last execution: for one that no worker can replay. Rather too
 * much than too little, as a job run that is over is not touched.
 */
export function remainsFromHistory({ events }: History, closedAtMs: number): PipelineRemains | undefined {
  const started = events?.[0]?.workflowExecutionStartedEventAttributes
  const argument = valueIn<Argument>(started?.input)
  if (!argument) return undefined
  const { plan, workspace, state } = argument
  const found = new Map<string, Generation>()
  const scheduled = new Map<string, { type: string; key: string }>()
  const told = new Set<string>()
  const begun: Place[] = []
  for (const one of begunBefore(state)) found.set(stepRunId(one), one)
  let mode = state?.connection?.mode ?? null
  const nested = new Map<string, NestedRunIdentity>()
  for (const event of events ?? []) {
    const activity = event.activityTaskScheduledEventAttributes
    const type = activity?.activityType?.name ?? ''
    if (activity && nestedTypes.has(type)) {
      const run = valueIn<NestedRunIdentity>(activity.input)
      if (run) nested.set(run.id, { id: run.id, parent: run.parent })
    }
    const place = activity && placeOf(activity.activityId)
    if (activity && place && remote.has(type)) {
      mode ??= type === 'triggerJobRun' ? 'fenced' : 'strict'
      const key = stepRunId(place)
      begun.push(place)
      scheduled.set(String(event.eventId), { type, key })
      noteScheduled(generationAt(found, key, place), type, valueIn(activity.input))
    }
    const quick = quickTriggerIn(event)
    if (quick) {
      mode ??= 'fenced'
      begun.push(quick.place)
      const key = stepRunId(quick.place)
      const own = generationAt(found, key, quick.place)
      if (quick.result && noteCompleted(own, 'triggerJobRun', quick.result)) found.delete(key)
    }
    for (const jobRunId of endedIn(event)) told.add(jobRunId)
    const ended = event.activityTaskCompletedEventAttributes
    const of = ended && scheduled.get(String(ended.scheduledEventId))
    const own = of && found.get(of.key)
    if (of && own && noteCompleted(own, of.type, valueIn(ended.result))) found.delete(of.key)
  }
  return {
    connection: plan.connection,
    ...(workspace === undefined ? {} : { workspace }),
    firstExecutionRunId: started?.firstExecutionRunId ?? '',
    mode,
    // One may be told of before the answer of its trigger is there.
    runs: [...found.values()]
      .filter(({ jobRunId }) => jobRunId === null || !told.has(jobRunId))
      .map((one) => toRun(one, closedAtMs)),
    unbegun: unbegunAfter(plan, state, begun),
    // Those that are over are left as they are.
    ...(nested.size > 0 ? { nested: [...nested.values()] } : {}),
  }
}

/**
 * Of what an execution left that a reset closed, what the one after it knows nothing of, and so has made anew: runs of jobs that were
 * made after the point of the reset. By keys nothing is made anew.
 */
export function forgottenBy({ events }: History, remains: PipelineRemains): PipelineRemains {
  const known = (events ?? []).flatMap(
    ({ workflowExecutionStartedEventAttributes: started, activityTaskCompletedEventAttributes: done }) =>
      [started?.input, done?.result].map(textIn),
  )
  const isForgotten = ({ trigger }: RemainingRun) =>
    trigger?.job.isOwn === true && !known.some((text) => text.includes(JSON.stringify(trigger.job.jobId)))
  // Nested pipeline runs are found again by their ids.
  const { nested: _nested, unbegun: _unbegun, ...rest } = remains
  return { ...rest, runs: remains.runs.filter(isForgotten) }
}

/** Activities that are about a nested pipeline run. One that is open is waited for, in each execution. */
const nestedTypes: ReadonlySet<string> = new Set(['startNestedRun', 'awaitNestedRun', 'cancelNestedRun'])

/** Activities that are about one job run; all their ids begin with step, item and generation. */
const remote: ReadonlySet<string> = new Set([
  'triggerJobRun',
  'awaitJobRun',
  'cancelJobRun',
  'createJob',
  'postJobRun',
  'pollJobRun',
  'sendCancel',
])

/** A local activity is in the history once its workflow task is completed, as a marker; which one it is, is in its summary. */
function quickTriggerIn({
  markerRecordedEventAttributes: marker,
  userMetadata,
}: HistoryEvent): { place: Place; result: TriggerQuicklyResult | undefined } | undefined {
  if (marker?.markerName !== 'core_local_activity') return undefined
  const { activity_type: type } = valueIn<{ activity_type?: string }>(marker.details?.['data']) ?? {}
  const summary = userMetadata?.summary
  const place = summary && placeOf(valueIn<string>({ payloads: [summary] }))
  if (type !== 'triggerQuickly' || !place) return undefined
  // None where it failed.
  return { place, result: valueIn<TriggerQuicklyResult>(marker.details?.['result']) }
}

/** Job runs whose ends the workflow was told of. */
function endedIn({ workflowExecutionSignaledEventAttributes: signal }: HistoryEvent): string[] {
  if (signal?.signalName !== signalNames.jobRunsEnded) return []
  return (valueIn<JobRunRecord[]>(signal.input) ?? []).map(({ jobRunId }) => jobRunId)
}

/**
 * Whatever had not begun when the execution was started, and the next generations of what has since. Some of these are over:
 * which ones, and how long the lists are, nobody has evaluated.
 */
function unbegunAfter(
  plan: PipelinePlan,
  state: PipelineRunState | undefined,
  begun: readonly Place[],
): UnbegunRuns[] {
  const lengths = new Map<string, number>()
  for (const { step, item } of begun)
    lengths.set(step, Math.max(lengths.get(step) ?? 0, item === null ? 0 : item + 1))
  const generations = new Map(plan.steps.map(({ id, retry }) => [id, retry.generations]))
  return [
    ...unbegunRuns(plan, state ?? { steps: {} }).map((runs) => {
      const isList = runs.item === 0 && !state?.steps[runs.step]?.items
      return isList ? { ...runs, count: runs.count + (lengths.get(runs.step) ?? 0) } : runs
    }),
    ...begun
      .filter(({ step, generation }) => generation < (generations.get(step) ?? 0))
      .map(({ generation, ...place }) => ({ ...place, count: 1, generation: generation + 1 })),
  ]
}

function toRun({ job, extras, lost, ...run }: Generation, closedAtMs: number): RemainingRun {
  if (!job) return run
  return { ...run, trigger: { job, extras, doubtUntilMs: lost > 0 ? closedAtMs + doubtMs : null } }
}

type Place = Pick<RemainingRun, 'step' | 'item' | 'generation'>

function placeOf(activityId: string | null | undefined): Place | undefined {
  const [, step, item, generation] = /^([^/]+)\/(\d+|-)\/(\d+)(?:\/|$)/.exec(activityId ?? '') ?? []
  if (step === undefined) return undefined
  return { step, item: item === '-' ? null : Number(item), generation: Number(generation) }
}

function generationAt(found: Map<string, Generation>, key: string, place: Place): Generation {
  const known = found.get(key)
  if (known) return known
  const made = { ...place, jobRunId: null, extras: [], lost: 0 }
  found.set(key, made)
  return made
}

/** What an earlier execution had begun. A single item may be that of a `for_each` of one: both are looked for. */
function begunBefore(state: PipelineRunState | undefined): Generation[] {
  return Object.entries(state?.steps ?? {}).flatMap(([step, { items = [] }]) =>
    items.flatMap(({ generation, generationStartedAtMs, jobRunId, trigger }, index) => {
      if (generationStartedAtMs === null) return []
      const own = {
        step,
        generation,
        jobRunId: trigger?.run?.jobRunId ?? jobRunId,
        extras: trigger?.extras ?? [],
        lost: trigger && !trigger.run ? trigger.posts : 0,
        ...(trigger?.job ? { job: trigger.job } : {}),
      }
      const each = { ...own, item: index }
      return items.length > 1 ? [each] : [each, { ...own, item: null }]
    }),
  )
}

function noteScheduled(own: Generation, type: string, input: { jobRunId?: string; job?: OwnJob } = {}): void {
  if (input.jobRunId !== undefined) own.jobRunId = input.jobRunId
  if (input.job) own.job = input.job
  if (type === 'postJobRun') own.lost += 1
}

/** True when it is over. */
function noteCompleted(own: Generation, type: string, result: unknown): boolean {
  if (type === 'createJob') own.job = result as OwnJob
  if (type === 'triggerJobRun') {
    const answer = result as TriggerQuicklyResult
    if (answer.phase === 'terminal') return true
    if (answer.phase === 'running') own.jobRunId = answer.jobRunId
  }
  if (type === 'postJobRun') {
    const { event } = result as PostJobRunResult
    if (event.kind === 'posted') own.jobRunId = event.run.jobRunId
    if (event.kind !== 'unknown') own.lost -= 1
  }
  if (type === 'sendCancel') return (result as { record: JobRunRecord | null }).record !== null
  return type === 'awaitJobRun' || type === 'pollJobRun' || type === 'cancelJobRun'
}

function textIn(payloads: Payloads): string {
  return Buffer.from(payloads?.payloads?.[0]?.data ?? []).toString('utf8')
}

function valueIn<T>(payloads: Payloads): T | undefined {
  const text = textIn(payloads)
  return text === '' ? undefined : (JSON.parse(text) as T)
}
