import {
  advance,
  advanceCancel,
  beginCancel,
  beginTrigger,
  judgeRuns,
  knownRuns,
  mayHaveExtras,
  mayHaveUnknownRun,
  nextCancelEffect,
  nextEffect,
  type OwnJob,
  type SeenRun,
  settledAtMs,
  type TriggerEvent,
  type TriggerPolicy,
  type TriggerState,
} from '../../../src/protocol/index.ts'
import type { Fate, Network, Seen } from './network.ts'
import { isActive, ours, type ServerRun, shown, tickMs, type World } from './world.ts'

/**
 * One step on a model of a server: the same effects in the same order as `src/remote-run/unfenced` and its activities have, with
 * time that is told and not waited for.
 */

export interface StepOptions {
  policy: TriggerPolicy
  job: OwnJob
  /** What a lost worker may still do, in ticks. */
  sendingTicks: number
  /** Whether something happens now that may happen or not. */
  maybe(what: 'cancel' | 'look again' | 'look is lost'): boolean
  /** What a person says to a trigger whose outcome is not known. */
  decide(state: TriggerState, words: readonly Word[]): Word
  /** What becomes of a cancel that was answered. */
  onCancel(): 'at_once' | 'later' | 'ignored' | 'completes_first'
  /** Further triggers that a person may ask for. */
  mostAgain: number
  /** With more the tree has no end, and nothing new. */
  mostPosts: number
}

export type Word =
  | { kind: 'late' }
  | { kind: 'adopt'; run: SeenRun }
  | { kind: 'trigger_again' }
  | { kind: 'give_up' }

export interface StepEnd {
  kind: 'completed' | 'cancelled' | 'refused' | 'parked' | 'truncated'
  state: TriggerState
  runId: string | null
  /** Runs that were told of and cancelled. */
  reported: string[]
  /** The step says that it does not know. */
  isUnknown: boolean
  /** A person named the run. */
  byPerson: boolean
  again: number
  intentTick: number | null
  postsAfterIntent: number
  /** How many POSTs had been sent each time that it was concluded that none of them ever arrives. */
  absences: number[]
}

/** More than any way takes that comes to an end. */
const mostEffects = 200

class Cancelled extends Error {}

export function runStep(world: World, network: Network, options: StepOptions): StepEnd {
  const { policy, sendingTicks } = options
  let state = beginTrigger()
  let isNewExecution = false
  const end: StepEnd = {
    kind: 'completed',
    state,
    runId: null,
    reported: [],
    isUnknown: false,
    byPerson: false,
    again: 0,
    intentTick: null,
    postsAfterIntent: 0,
    absences: [],
  }
  const now = () => world.nowTick * tickMs
  const config: boolean | null = options.job.isOwn ? null : true

  function tell(event: TriggerEvent): void {
    const { phase } = state
    state = advance(state, event, policy)
    if (state.phase === 'post' && (phase === 'settle' || phase === 'posting') && event.kind === 'listed')
      end.absences.push(world.posts.length)
  }

  /** A cancel may be asked for at any moment; only then does whatever waits hear of it. */
  function interruptible(): void {
    if (end.intentTick === null && options.maybe('cancel')) end.intentTick = world.nowTick
    if (end.intentTick !== null) throw new Cancelled()
  }

  function send({ leavesAfter, delay }: Extract<Fate, { kind: 'sent' }>): ServerRun {
    const leftTick = world.nowTick + leavesAfter
    const commitTick = leftTick + delay
    const run: ServerRun = {
      id: `ours-${world.posts.length}`,
      jobId: options.job.jobId,
      commitTick,
      isOurs: true,
      createdBy: 'us',
      sameConfig: config,
      endTick: Number.POSITIVE_INFINITY,
      cancelTick: Number.POSITIVE_INFINITY,
    }
    world.posts.push({ leftTick, commitTick })
    world.runs.push(run)
    return run
  }

  /** The activity postJobRun, as it ended; undefined when nobody heard. */
  function postActivity(job: OwnJob, fate: Fate): TriggerEvent | undefined {
    if (fate.kind === 'never_sent') {
      world.nowTick += fate.learnsAfter
      isNewExecution = fate.heard === 'renewed'
      return undefined
    }
    const { runs, isComplete } = network.list(world, job.jobId, state.posts - 1)
    const judged = judgeRuns(runs, job)
    if (judged.ours.length > 0) return { kind: 'listed', begunAtMs: 0, runs: judged.ours, isComplete }
    if (fate.kind === 'not_sent')
      return { kind: 'not_sent', atMs: now(), retryAfterMs: fate.retryAfterTicks * tickMs, problem: 'down' }
    if (fate.kind === 'refused')
      return { kind: 'refused', atMs: now(), code: 'no', message: 'no', isMissing: fate.isMissing }
    const run = send(fate)
    world.nowTick += fate.learnsAfter
    if (fate.heard === 'answered') return { kind: 'posted', run: shown(run, world.nowTick) }
    if (fate.heard === 'failed') return { kind: 'unknown', atMs: now(), before: null }
    isNewExecution = fate.heard === 'renewed'
    return undefined
  }

  function post(job: OwnJob): void {
    if (end.intentTick !== null) end.postsAfterIntent += 1
    tell({ kind: 'posting', atMs: now() })
    const event = postActivity(job, network.fate(state.posts - 1))
    if (isNewExecution) {
      state = JSON.parse(JSON.stringify(state)) as TriggerState
      isNewExecution = false
    }
    tell(event ?? { kind: 'unknown', atMs: now() + sendingTicks * tickMs, before: null })
    interruptible()
  }

  /** The activity findJobRuns: some of its looks, the first and the last among them. */
  function findJobRuns(job: OwnJob, untilTick: number): Seen & { isSettled: boolean } {
    for (let mayBeLost = true; ; ) {
      const isSettled = world.nowTick >= untilTick
      if (isSettled && mayBeLost && options.maybe('look is lost')) {
        mayBeLost = false
        world.nowTick += 1
        continue
      }
      const { runs, isComplete } = network.list(world, job.jobId, state.posts)
      const { ours: found, doubtful } = judgeRuns(runs, job)
      if (found.length > 0 || isSettled) return { runs: [...found, ...doubtful], isComplete, isSettled }
      const isMidway = untilTick - world.nowTick > 2 && options.maybe('look again')
      world.nowTick = isMidway ? Math.ceil((world.nowTick + untilTick) / 2) : untilTick
    }
  }

  function look(job: OwnJob, untilMs: number): void {
    const untilTick = Math.ceil(untilMs / tickMs)
    const { runs, isComplete, isSettled } = findJobRuns({ ...job, taken: knownRuns(state) }, untilTick)
    tell({ kind: 'listed', begunAtMs: isSettled ? untilMs : 0, runs, isComplete })
  }

  /** True once nothing more is to be expected of anybody. */
  function park(job: OwnJob): boolean {
    const words: Word[] = [
      { kind: 'late' },
      { kind: 'give_up' },
      ...(end.again < options.mostAgain ? [{ kind: 'trigger_again' } as const] : []),
      ...state.candidates.map((run): Word => ({ kind: 'adopt', run })),
    ]
    const word = options.decide(state, words)
    if (word.kind !== 'late') {
      if (word.kind === 'trigger_again') end.again += 1
      end.byPerson ||= word.kind === 'adopt'
      tell(word)
      return false
    }
    world.nowTick += 20
    const { runs, isComplete } = network.list(world, job.jobId, state.posts)
    tell({ kind: 'listed', begunAtMs: now(), runs, isComplete })
    return state.phase === 'parked'
  }

  function trigger(): SeenRun | null {
    for (let effects = 0; ; effects += 1) {
      if (effects > mostEffects) throw new Error('it goes round in circles')
      const effect = nextEffect(state, policy, now())
      switch (effect.kind) {
        case 'create_job':
          interruptible()
          tell({ kind: 'job_ready', job: { ...options.job, madeAtMs: now() } })
          break
        case 'pause':
          world.nowTick = Math.ceil(effect.untilMs / tickMs)
          interruptible()
          break
        case 'post':
          if (state.posts >= options.mostPosts) {
            end.kind = 'truncated'
            return null
          }
          post(effect.job)
          break
        case 'look':
          look(effect.job, effect.untilMs)
          interruptible()
          break
        case 'park':
          interruptible()
          if (park(effect.job)) {
            end.kind = 'parked'
            return null
          }
          break
        case 'refuse':
          end.kind = 'refused'
          cancel()
          return null
        case 'done':
          return effect.run
      }
    }
  }

  function cancelExtras(): void {
    for (const jobRunId of state.extras) {
      end.reported.push(jobRunId)
      cancelToTheEnd(jobRunId)
      tell({ kind: 'extra_over', jobRunId })
    }
  }

  function wait(adopted: SeenRun): void {
    cancelExtras()
    interruptible()
    const run = world.runs.find(({ id }) => id === adopted.jobRunId)
    world.nowTick += 5
    if (run) run.endTick = Math.min(run.endTick, world.nowTick)
    if (!state.job || !mayHaveExtras(state)) return
    look(state.job, now())
    cancelExtras()
  }

  function cancelToTheEnd(id: string): void {
    const run = world.runs.find((one) => one.id === id)
    let cancelling = beginCancel()
    for (let ignored = 0; run; ) {
      const effect = nextCancelEffect(cancelling)
      if (effect.kind === 'done') return
      if (effect.kind === 'await_end') {
        world.nowTick = Math.max(world.nowTick, Math.ceil(effect.untilMs / tickMs))
        cancelling = advanceCancel(
          cancelling,
          isActive(run, world.nowTick) ? { kind: 'still_active', atMs: now() } : { kind: 'ended' },
        )
        continue
      }
      const answer = isActive(run, world.nowTick) ? options.onCancel() : 'completes_first'
      if (answer === 'completes_first') run.endTick = Math.min(run.endTick, world.nowTick)
      else if (answer !== 'ignored' || ignored++ > 0)
        run.cancelTick = world.nowTick + (answer === 'later' ? 40 : 0)
      cancelling = advanceCancel(cancelling, { kind: 'answered', atMs: now() })
    }
  }

  function settle(): void {
    if (!state.job || !mayHaveUnknownRun(state)) return
    look(state.job, Math.max(now(), settledAtMs(state, policy)))
  }

  /** What the step does once it is cancelled or refused. */
  function cancel(): void {
    if (!state.run) settle()
    if (state.run) {
      cancelToTheEnd(state.run.jobRunId)
      settle()
    }
    end.isUnknown = mayHaveUnknownRun(state)
    cancelExtras()
  }

  try {
    const adopted = trigger()
    if (adopted) {
      end.runId = adopted.jobRunId
      wait(adopted)
    }
  } catch (error) {
    if (!(error instanceof Cancelled)) throw error
    end.kind = 'cancelled'
    cancel()
  }
  end.state = state
  end.runId ??= state.run?.jobRunId ?? null
  return end
}

/** Runs of ours that are still at work although the step is over, long after all that is under way has come. */
export function leftBehind(world: World): ServerRun[] {
  return ours(world).filter((run) => isActive(run, Math.max(world.nowTick, run.commitTick) + 100))
}
