import { setTimeout as delay } from 'node:timers/promises'
import type { PipelineRunView } from '../../src/pipelines/index.ts'
import { expectationsOf } from '../../src/testing/expect-of-run.ts'
import { type ExpectedStep, judge, type RequestEntry, type ServerLogEntry } from '../../src/testing/index.ts'
import { historiesOf } from '../helpers/chain.ts'
import { until } from '../helpers/until.ts'
import { tidy } from './pipelines.ts'
import { labelIn, type Ties, type Trial } from './trial.ts'
import type { World } from './worlds.ts'

/** What was decided before a cancel was heard of may still arrive so much later. */
const graceMs = 15_000

/** Waits for the end of all of them, with a person who decides where a step asks for one; then judges each. */
export async function judgeAll(
  world: World,
  ties: Ties,
  trials: readonly Trial[],
  { since, timeoutMs = 150_000 }: { since: number; timeoutMs?: number },
): Promise<void> {
  await allOver(world, ties, trials, timeoutMs)
  await world.proxy.drained()
  const truth = await world.truth(since)
  const labels = new Map(ties.labels)
  for (const { made } of requestsIn(truth)) {
    const label = (made?.config as { label?: unknown } | undefined)?.label
    if (made && typeof label === 'string') labels.set(made.job_run_id, label)
  }
  for (const trial of trials) trial.violations.push(...(await violationsOf(world, trial, truth, labels)))
}

const requestsIn = (log: readonly ServerLogEntry[]): RequestEntry[] =>
  log.filter((entry) => entry.event === 'request')

async function allOver(world: World, ties: Ties, trials: readonly Trial[], timeoutMs: number): Promise<void> {
  const deadline = Date.now() + timeoutMs
  const open = new Set(trials)
  while (open.size > 0 && Date.now() < deadline) {
    for (const trial of open) {
      const view = await world.stack.pipelines.show(trial.id).catch(() => undefined)
      if (!view) continue
      trial.view = view
      // Without steps no worker has answered yet what became of them.
      if (view.finished_at === null) await decide(world, ties, trial)
      else if (view.steps.length > 0) open.delete(trial)
    }
    await delay(200)
  }
  for (const trial of open)
    trial.violations.push(`not over after ${timeoutMs} ms: ${JSON.stringify(trial.view)}`)
}

/** A person who looks into the server's log: adopts the run that the trigger made, and triggers again where there is none. */
async function decide({ stack, proxy, foreign }: World, ties: Ties, { id, view }: Trial): Promise<void> {
  for (const { step, item, status, unknown_trigger } of view?.steps ?? []) {
    if (status !== 'trigger_unknown' || !unknown_trigger || !foreign) continue
    await proxy.drained()
    const jobLabel = ties.labels.get(unknown_trigger.job_id) ?? `${id}/${step}`
    const made = foreign.log.findLast(
      ({ made: run }) => run?.job_id === unknown_trigger.job_id && run.config['label'] === jobLabel,
    )?.made
    const which = { step, ...(item === undefined ? {} : { item }) }
    const word = made
      ? stack.pipelines.adopt(id, { ...which, jobRunId: made.job_run_id })
      : stack.pipelines.trigger(id, which)
    // It may have gone on by itself meanwhile.
    await word.catch(() => {})
  }
}

async function violationsOf(
  world: World,
  trial: Trial,
  truth: readonly ServerLogEntry[],
  labels: ReadonlyMap<string, string>,
): Promise<string[]> {
  const { id, plan, view, cancelledAtMs } = trial
  if (!view) return ['never seen']
  const isOwn = (key: unknown) => labels.get(String(key))?.startsWith(`${id}/`) === true
  const log = truth.filter((entry) => {
    if (entry.event === 'run_status') return isOwn(entry.job_run_id)
    const { job_id } = (entry.body ?? {}) as { job_id?: unknown }
    return (
      isOwn(entry.made?.job_run_id) || isOwn(job_id) || labelIn(entry.body)?.startsWith(`${id}/`) === true
    )
  })
  const steps: ExpectedStep[] = expectationsOf(plan, view.steps)
  const cancelled = steps.flatMap(({ name }) => (name === tidy ? [] : [name]))
  const cancels = cancelledAtMs === undefined ? [] : [{ atMs: cancelledAtMs, steps: cancelled, graceMs }]
  const broken = judge(log, { steps, cancels, isOver: view.finished_at !== null })
  const late = cancelledAtMs === undefined ? [] : await triggeredAfterCancel(world, id)
  return [...broken.map(({ rule, message }) => `${rule}: ${message}`), ...late, ...wrongEnd(trial)]
}

/** Only retries and clean-up go on; without a cancel every step of these pipelines completes. */
function wrongEnd({ view, cancelledAtMs, victim }: Trial): string[] {
  if (victim === 'script' || !view) return []
  const expected = cancelledAtMs === undefined ? 'completed' : 'cancelled'
  const isTidy = view.steps.some(({ step, status }) => step === tidy && status === 'completed')
  if (view.status === expected && isTidy) return []
  // Of what a person decided, the first that fails is the last: another one may be at work that nobody has seen.
  const failed = view.steps.filter(({ status }) => status === 'failed')
  const isLast = ({ decided, error }: PipelineRunView['steps'][number]) =>
    decided !== undefined && error?.message.includes('it is not tried again')
  if (view.status === 'failed' && isTidy && failed.length > 0 && failed.every(isLast)) return []
  const steps = view.steps.map(({ step, status, error }) => `${step} ${status} ${error?.message ?? ''}`)
  return [`the pipeline run is ${view.status}, not ${expected}: ${steps.join('; ')}`]
}

/** Decided by a workflow task that knew of the cancel: by the workflow's own history. */
async function triggeredAfterCancel({ stack }: World, id: string): Promise<string[]> {
  const events = (await historiesOf(stack.client, id)).flatMap((history) => history.events ?? [])
  const number = (value: unknown) => Number(String(value))
  const cancel = events.find((event) => event.workflowExecutionCancelRequestedEventAttributes)
  // The run was over before.
  if (!cancel) return []
  const startedOf = new Map(
    events.flatMap(({ eventId, workflowTaskCompletedEventAttributes: task }) =>
      task ? [[number(eventId), number(task.startedEventId)] as const] : [],
    ),
  )
  return events.flatMap(({ activityTaskScheduledEventAttributes: activity }) => {
    const type = activity?.activityType?.name?.replace(/^jobwright\./, '') ?? ''
    if (!activity || !['postJobRun', 'triggerJobRun'].includes(type)) return []
    if (activity.activityId?.startsWith(`${tidy}/`)) return []
    const startedId = startedOf.get(number(activity.workflowTaskCompletedEventId)) ?? 0
    if (startedId < number(cancel.eventId)) return []
    return [`${activity.activityId} was decided after the cancel`]
  })
}

/** Nothing is open any more in Temporal, and nobody asks the server for anything. */
export async function nothingLeft({ stack, seen, foreign }: World): Promise<void> {
  await until('no pipeline run is open', async () => {
    const query = `ExecutionStatus = 'Running' AND WorkflowType = 'runPipeline'`
    for await (const { workflowId } of stack.client.workflow.list({ query })) throw new Error(workflowId)
    return true
  })
  if (!foreign) return
  await until('nobody asks any more', async () => {
    const before = seen()
    await delay(2_000)
    return seen() === before
  })
}
