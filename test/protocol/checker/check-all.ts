import type { OwnJob, TriggerPolicy } from '../../../src/protocol/index.ts'
import { createNetwork, fatesOf, type NetworkOptions } from './network.ts'
import { type Enumerated, enumerate, type Forks } from './schedules.ts'
import { runStep, type StepEnd, type StepOptions } from './step.ts'
import { createWorld, isActive, type ServerRun, tickMs, type World } from './world.ts'

export const bounds = { delivery: 6, listing: 2, timeout: 2 }
const sendingTicks = 3

export const ownJob: OwnJob = {
  jobId: 'job',
  isOwn: true,
  madeAtMs: 0,
  creator: 'us',
  before: null,
  isMarked: false,
}

/** What the operator says of delivery and listing, which need not be true. */
export function policyOf(
  mode: TriggerPolicy['mode'],
  { delivery, listing }: { delivery: number; listing: number } = bounds,
): TriggerPolicy {
  return {
    mode,
    deliveryMs: delivery * tickMs,
    listingMs: listing * tickMs,
    sendingMs: sendingTicks * tickMs,
  }
}

export function stranger(id: string, commitTick: number, more: Partial<ServerRun> = {}): ServerRun {
  return {
    id,
    jobId: 'job',
    commitTick,
    isOurs: false,
    createdBy: 'somebody',
    sameConfig: null,
    endTick: Number.POSITIVE_INFINITY,
    cancelTick: Number.POSITIVE_INFINITY,
    ...more,
  }
}

export interface Scenario {
  policy: TriggerPolicy
  job?: OwnJob
  mostPosts?: number
  mostAgain?: number
  network?: Partial<NetworkOptions>
  strangers?: readonly ServerRun[]
  /** What may happen that need not. */
  maybe?: readonly Parameters<StepOptions['maybe']>[0][]
  cancels?: readonly ReturnType<StepOptions['onCancel']>[]
  /** Nobody waits for what comes by itself. */
  isHasty?: boolean
}

export interface Way {
  world: World
  end: StepEnd
}

export function check(isTrue: boolean, what: string): void {
  if (!isTrue) throw new Error(what)
}

/** Runs every schedule of a scenario and has each judged; a breach is told with how it came about. */
export function checkAll(
  scenario: Scenario,
  judge: (way: Way) => void,
): Enumerated & { ends: Record<string, number> } {
  const { policy, strangers = [], maybe = [], cancels = ['at_once'] } = scenario
  const options: NetworkOptions = {
    bounds,
    sendingTicks,
    heartbeatTicks: 1,
    mostNotSent: 0,
    isShared: scenario.job?.isOwn === false,
    shortLists: false,
    ...scenario.network,
  }
  const fates = fatesOf(options)
  const ends: Record<string, number> = {}
  const counted = enumerate((forks) => {
    const picked: unknown[] = []
    const noting: Forks = {
      pick: (choices) => note(choices.length, forks.pick(choices)),
      pickWeighted: (choices) => note(choices.length, forks.pickWeighted(choices)),
    }
    function note<T>(choices: number, choice: T): T {
      if (choices > 1) picked.push(choice)
      return choice
    }
    const world = createWorld(strangers.map((run) => ({ ...run })))
    const end = runStep(world, createNetwork(noting, options, fates), {
      policy,
      job: scenario.job ?? ownJob,
      sendingTicks,
      mostAgain: scenario.mostAgain ?? 0,
      mostPosts: scenario.mostPosts ?? 3,
      maybe: (what) => maybe.includes(what) && noting.pick([false, true]),
      decide: (_, words) =>
        noting.pick(scenario.isHasty ? words.filter(({ kind }) => kind !== 'late') : words),
      onCancel: () => noting.pick(cancels),
    })
    ends[end.kind] = (ends[end.kind] ?? 0) + 1
    try {
      judgeAlways({ world, end })
      judge({ world, end })
    } catch (error) {
      const story = JSON.stringify(
        { picked, world, end },
        (_, value) => (value === Infinity ? 'never' : value),
        1,
      )
      throw new Error(`${error instanceof Error ? error.message : String(error)}: ${story}`, { cause: error })
    }
  })
  return { ...counted, ends }
}

/** What holds in any mode, whether the operator's bounds are true or not. */
function judgeAlways({ world, end }: Way): void {
  const runOf = (id: string | null) => world.runs.find((run) => run.id === id)
  const adopted = runOf(end.runId)
  check(end.byPerson || !adopted || adopted.isOurs, "a stranger's run was adopted")
  for (const id of end.reported) {
    const extra = runOf(id)
    check(extra?.isOurs === true, 'a run that is not ours was cancelled')
    check(extra !== undefined && !isActive(extra, world.nowTick), 'a cancelled run is still active')
  }
  check(end.postsAfterIntent === 0, 'something was triggered after the cancel')
  if (end.kind === 'completed')
    check(
      adopted !== undefined && adopted.commitTick < adopted.endTick && adopted.cancelTick === Infinity,
      'completed without a completed run',
    )
  if (end.kind === 'cancelled' && adopted)
    check(!isActive(adopted, world.nowTick), 'cancelled while its run is active')
}
