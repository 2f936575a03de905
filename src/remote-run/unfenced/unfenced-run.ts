import { ActivityFailure, CancellationScope, CancelledFailure, log } from '@temporalio/workflow'
import type { ConnectionProfile, JobRunRecord } from '../../pipeline/plan/index.ts'
import {
  advance,
  beginTrigger,
  judgeRuns,
  mayHaveExtras,
  mayHaveUnknownRun,
  nextEffect,
  type OwnJob,
  type SeenRun,
  settledAtMs,
  type TriggerEvent,
  type TriggerPolicy,
} from '../../protocol/index.ts'
import { finalError } from '../activity-errors.ts'
import type { RemoteRun, RemoteRunRequest, TimeLeft, Triggered } from '../port.ts'
import { sendingMs, unfencedCalls } from './calls.ts'
import { cancelToTheEnd } from './cancel-run.ts'

/** How long a trigger is looked for before a person is asked, where nobody says how old a list may be. */
const unboundedLookMs = 60_000

/** As the operator says; without a word of theirs, bounds are only hints of how long it is worth looking. */
export function triggerPolicy(
  { mode, bounds }: ConnectionProfile,
  settleMs: number = unboundedLookMs,
): TriggerPolicy {
  const known = mode === 'bounded' ? bounds : undefined
  const { deliveryMs, listingMs } = known ?? { deliveryMs: settleMs / 2, listingMs: settleMs / 2 }
  return { mode: known ? 'bounded' : 'strict', deliveryMs, listingMs, sendingMs }
}

/**
 * On a server without idempotency keys: the effects of `src/protocol`. Each run gets a job of its own, whose id is in the history
 * before anything is triggered, so that a lost run can be found; each POST is one attempt outside cancellation.
 */
export function unfencedRun(request: RemoteRunRequest, profile: ConnectionProfile): RemoteRun {
  const { surroundings } = request
  const policy = triggerPolicy(profile, request.timing.settleMs)
  const calls = unfencedCalls(request)
  let state = surroundings.trigger ?? beginTrigger()

  function tell(event: TriggerEvent): void {
    state = advance(state, event, policy)
    surroundings.saveTrigger(state)
  }

  // An earlier execution ended while its POST was under way.
  if (state.phase === 'posting') tell({ kind: 'unknown', atMs: Date.now() + sendingMs, before: null })

  /** Nothing that another step of this pipeline run has is taken for this one's. */
  const free = (runs: readonly SeenRun[]) => runs.filter(({ jobRunId }) => !surroundings.isTaken(jobRunId))

  async function post(job: OwnJob): Promise<void> {
    tell({ kind: 'posting', atMs: Date.now() })
    try {
      const answer = await CancellationScope.nonCancellable(() => calls.post(job))
      const event: TriggerEvent = answer.kind === 'listed' ? { ...answer, runs: free(answer.runs) } : answer
      tell('atMs' in event ? { ...event, atMs: Date.now() } : event)
    } catch (error) {
      if (!(error instanceof ActivityFailure)) throw error
      log.warn('a trigger was lost', { step: request.step, reason: finalError(error)?.message })
      tell({ kind: 'unknown', atMs: Date.now() + sendingMs, before: null })
    }
    if (CancellationScope.current().consideredCancelled)
      throw new CancelledFailure('cancelled while its job run was triggered')
  }

  async function look(job: OwnJob, untilMs: number): Promise<void> {
    surroundings.onSettling()
    const { runs, isComplete, isSettled } = await calls.look(job, untilMs - Date.now())
    tell({ kind: 'listed', begunAtMs: isSettled ? untilMs : 0, runs: free(runs), isComplete })
  }

  /** Until a person decides, or the run shows up by itself. */
  async function park(job: OwnJob): Promise<void> {
    surroundings.onSettling()
    const decision = surroundings.askPerson(state)
    const scope = new CancellationScope()
    const known = state.candidates.map(({ jobRunId }) => jobRunId)
    const late = new Promise<TriggerEvent>((resolve) => {
      scope
        .run(() => calls.lookForNew(job, known))
        .then(
          ({ runs, isComplete }) =>
            resolve({ kind: 'listed', begunAtMs: Date.now(), runs: free(runs), isComplete }),
          // Refused, or cancelled: then it is up to the person, or to the cancel.
          () => {},
        )
    })
    try {
      tell(await Promise.race([decision, late, CancellationScope.current().cancelRequested]))
    } finally {
      scope.cancel()
    }
    if (state.phase !== 'parked') surroundings.onUnparked()
  }

  async function trigger(left: TimeLeft): Promise<Triggered> {
    for (;;) {
      const effect = nextEffect(state, policy, Date.now())
      const isPatient = effect.kind === 'create_job' || effect.kind === 'pause' || effect.kind === 'post'
      const leftMs = left()
      if (isPatient && leftMs !== undefined && leftMs <= 0) return { phase: 'out_of_time' }
      switch (effect.kind) {
        case 'create_job':
          tell({ kind: 'job_ready', job: { ...(await calls.createJob(left)), madeAtMs: Date.now() } })
          break
        case 'pause':
          await surroundings.pauseUntil(
            Math.min(effect.untilMs, Date.now() + (leftMs ?? Number.POSITIVE_INFINITY)),
          )
          break
        case 'post':
          await post(effect.job)
          break
        case 'look':
          await look(effect.job, effect.untilMs)
          break
        case 'park':
          await park(effect.job)
          break
        case 'refuse':
          return { phase: 'refused', error: { code: effect.code, message: effect.message } }
        case 'done': {
          await cancelExtras(state.extras)
          const { jobId, jobRunId, status } = effect.run
          return { phase: 'running', jobId, jobRunId, status }
        }
      }
    }
  }

  async function cancelExtras(extras: readonly string[]): Promise<void> {
    for (const jobRunId of extras) {
      surroundings.warn(
        `step ${request.step} had a second job run, ${jobRunId}, as a trigger was answered late or twice; it is cancelled`,
      )
      await cancelToTheEnd(calls, jobRunId)
    }
    if (extras.length > 0) {
      state = { ...state, extras: [] }
      surroundings.saveTrigger(state)
    }
  }

  /** Of more POSTs than one, another than the one that was waited for may have been done, too. */
  async function cancelOthers(jobRunId: string): Promise<void> {
    if (!state.job || !mayHaveExtras(state)) return
    const { runs } = await calls.look(state.job, 0)
    const { ours } = judgeRuns(free(runs), state.job)
    await cancelExtras(ours.map((run) => run.jobRunId).filter((id) => id !== jobRunId))
  }

  async function wait(jobRunId: string, left: TimeLeft): Promise<JobRunRecord> {
    const record = await calls.wait(jobRunId, state.run?.createdAt ?? '', left)
    await cancelOthers(jobRunId)
    if (profile.deleteJobs && state.job?.isOwn && record.status === 'completed')
      await calls.deleteJob(state.job.jobId)
    return record
  }

  /** What may be on its way is found first, or known never to come. */
  async function settle(job: OwnJob): Promise<void> {
    const untilMs = Math.max(Date.now(), settledAtMs(state, policy))
    await look(job, untilMs)
    if (state.phase === 'parked' || state.phase === 'settle')
      surroundings.warn(
        `whether a job run of step ${request.step} was ever triggered is not known: no run of job ${job.jobId} has shown up`,
      )
  }

  return {
    trigger,
    wait,
    cancel: () =>
      CancellationScope.nonCancellable(async () => {
        if (state.job && mayHaveUnknownRun(state)) await settle(state.job)
        await cancelExtras(state.extras)
        if (!state.run) return null
        const record = await cancelToTheEnd(calls, state.run.jobRunId)
        await cancelOthers(state.run.jobRunId)
        return record
      }),
  }
}
