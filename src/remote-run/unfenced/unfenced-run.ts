import { ActivityFailure, CancellationScope, CancelledFailure, log } from '@temporalio/workflow'
import type { ConnectionProfile, JobRunRecord } from '../../pipeline/plan/index.ts'
import {
  advance,
  beginTrigger,
  judgeRuns,
  knownRuns,
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
/** Of others' runs on a job, the newest so many are told to each look: what is older was there before. */
const mostTaken = 100

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
  const { surroundings, step, item } = request
  const name = item === null ? step : `${step}[${item}]`
  const policy = triggerPolicy(profile, request.timing.settleMs)
  const calls = unfencedCalls(request)
  let state = surroundings.trigger ?? beginTrigger()

  function tell(event: TriggerEvent): void {
    state = advance(state, event, policy)
    surroundings.saveTrigger(state)
  }

  // An earlier execution ended while its POST was under way.
  if (state.phase === 'posting') tell({ kind: 'unknown', atMs: Date.now() + sendingMs, before: null })

  /**
   * What a look is for: runs that are not known yet. On a job that steps or items of this pipeline run share, the same config may be
   * another one's: what they have is not ours, and while they may have more, only a person can tell.
   */
  function amongOthers(job: OwnJob): OwnJob {
    if (job.isOwn) return { ...job, taken: knownRuns(state) }
    const { taken, isContested } = surroundings.othersOn(job.jobId)
    return {
      ...job,
      isMarked: job.isMarked && !isContested,
      taken: [...knownRuns(state), ...[...taken].slice(-mostTaken)],
    }
  }

  /** Nothing that another step of this pipeline run has, or may have, is taken for this one's. */
  function free(runs: readonly SeenRun[], job: OwnJob): SeenRun[] {
    if (job.isOwn) return [...runs]
    const { taken, isContested } = surroundings.othersOn(job.jobId)
    return runs
      .filter(({ jobRunId }) => !taken.has(jobRunId))
      .map((run) => (isContested && run.sameConfig ? { ...run, sameConfig: null } : run))
  }

  async function post(job: OwnJob): Promise<void> {
    // A cancel may come together with what the POST waited for.
    if (CancellationScope.current().consideredCancelled)
      throw new CancelledFailure('cancelled before its job run was triggered')
    tell({ kind: 'posting', atMs: Date.now() })
    try {
      const answer = await CancellationScope.nonCancellable(() =>
        calls.post(amongOthers(job), state.posts === 1),
      )
      const event: TriggerEvent = answer.kind === 'listed' ? foundInstead(answer, job) : answer
      // What an activity knows is how long from now.
      tell('atMs' in event ? { ...event, atMs: Date.now() + event.atMs } : event)
    } catch (error) {
      if (!(error instanceof ActivityFailure)) throw error
      log.warn('a trigger was lost', { step: request.step, reason: finalError(error)?.message })
      tell({ kind: 'unknown', atMs: Date.now() + sendingMs, before: null })
    }
    if (CancellationScope.current().consideredCancelled)
      throw new CancelledFailure('cancelled while its job run was triggered')
  }

  /** A run that was there already; where that turned out to be another one's meanwhile, nothing was sent. */
  function foundInstead(answer: Extract<TriggerEvent, { kind: 'listed' }>, job: OwnJob): TriggerEvent {
    const runs = free(answer.runs, job)
    if (judgeRuns(runs, job).ours.length > 0) return { ...answer, runs }
    const problem = 'a job run of another step was found'
    return { kind: 'not_sent', atMs: 0, retryAfterMs: 0, problem }
  }

  async function look(job: OwnJob, untilMs: number): Promise<void> {
    surroundings.onSettling()
    const { runs, isComplete, isSettled } = await calls.look(amongOthers(job), untilMs - Date.now())
    tell({ kind: 'listed', begunAtMs: isSettled ? untilMs : 0, runs: free(runs, job), isComplete })
  }

  /** Until a person decides, or the run shows up by itself. */
  async function park(job: OwnJob): Promise<void> {
    surroundings.onSettling()
    const decision = surroundings.askPerson(state)
    const scope = new CancellationScope()
    const known = state.candidates.map(({ jobRunId }) => jobRunId)
    const late = new Promise<TriggerEvent>((resolve) => {
      scope
        .run(() => calls.lookForNew(amongOthers(job), known))
        .then(
          ({ runs, isComplete }) =>
            resolve({ kind: 'listed', begunAtMs: Date.now(), runs: free(runs, job), isComplete }),
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
          const { jobId, jobRunId, status } = effect.run
          return { phase: 'running', jobId, jobRunId, status }
        }
      }
    }
  }

  async function cancelExtras(): Promise<void> {
    for (const jobRunId of state.extras) {
      surroundings.warn(
        `step ${name} had a second job run, ${jobRunId}, as a trigger was answered late or twice; it is cancelled`,
      )
      await cancelToTheEnd(calls, jobRunId)
      tell({ kind: 'extra_over', jobRunId })
    }
  }

  async function wait(jobRunId: string, left: TimeLeft): Promise<JobRunRecord> {
    const [record] = await Promise.all([
      calls.wait(jobRunId, state.run?.createdAt ?? '', left),
      cancelExtras(),
    ])
    if (state.job && mayHaveExtras(state)) await lookForExtras(state.job)
    if (profile.deleteJobs && state.job?.isOwn && record.status === 'completed')
      await calls.deleteJob(state.job.jobId)
    return record
  }

  /** A run that is over stays over, whether others can be looked for or not. */
  async function lookForExtras(job: OwnJob): Promise<void> {
    try {
      await look(job, Date.now())
    } catch (error) {
      const refusal = finalError(error)
      if (!refusal) throw error
      log.warn('further job runs could not be looked for', { step: request.step, reason: refusal.message })
    }
    await cancelExtras()
  }

  /** What may be on its way is found first, or known never to come. */
  async function settle(): Promise<void> {
    const { job } = state
    if (!job || !mayHaveUnknownRun(state)) return
    await look(job, Math.max(Date.now(), settledAtMs(state, policy)))
  }

  return {
    trigger,
    wait,
    cancel: () =>
      CancellationScope.nonCancellable(async () => {
        if (!state.run) await settle()
        const record = state.run ? await cancelToTheEnd(calls, state.run.jobRunId) : null
        // A run that is known does not go on while others are looked for.
        if (state.run) await settle()
        if (mayHaveUnknownRun(state))
          surroundings.warn(
            `whether step ${name} has ${state.run ? 'a further' : 'a'} job run is not known: none of job ${state.job?.jobId} has shown up`,
          )
        await cancelExtras()
        return record
      }),
  }
}
