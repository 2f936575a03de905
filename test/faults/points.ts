import { setTimeout as delay } from 'node:timers/promises'
import { runKey } from '../../src/activities/keys.ts'
import { signalNames } from '../../src/contract/names.ts'
import type { HeldExchange, HoldAt } from '../../src/testing/index.ts'
import { until } from '../helpers/until.ts'
import { type Shape, shapes } from './pipelines.ts'
import { type PendingActivity, pendingOf, type Ties, type Trial, tellsEnd, untilPending } from './trial.ts'
import type { Mode, World } from './worlds.ts'

/** What a point needs to bring a pipeline run to it. */
export interface Scene {
  world: World
  ties: Ties
  trial: Trial
  start: () => Promise<void>
  /** Resolves when all that is held is let go, after the kill. */
  gate: Promise<void>
}

/** A moment of a step's life. */
export interface Point {
  name: string
  modes: readonly Mode[]
  /** How long the first step's run takes. */
  firstMs?: number
  stopMs?: number
  waitLeaseMs?: number
  shapes?: readonly Shape[]
  /** It cannot be held there for long. */
  isBrief?: boolean
  /** Starts the pipeline run, brings it there, and leaves it there until the gate opens. */
  reach: (scene: Scene) => Promise<void>
}

const unfenced: readonly Mode[] = ['strict', 'bounded']
export const everyMode: readonly Mode[] = ['strict', 'bounded', 'fenced']
const long = 60_000
const lateMs = 12_000
/** Jobs that a look tells apart by their id. */
const ownJob: readonly Shape[] = ['chain', 'diamond', 'items']

/**
 * Holds an exchange until the gate opens, and `lateMs` longer; resolves when it is held. A local activity waits for a moment only, and
 * what comes after it, until the gate opens, is held as well.
 */
async function hold({ world, gate, trial }: Scene, at: HoldAt, lateMs = 0): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const exchanges: HeldExchange[] = []
  let isOpen = false
  const next = () =>
    world.proxy.onPoint(at, async (exchange) => {
      exchanges.push(exchange)
      if (trial.mode === 'fenced' && !isOpen) held = next()
      resolve()
      await gate
      await delay(lateMs)
    })
  let held = next()
  void gate.then(() => {
    isOpen = true
    held.takeBack()
  })
  await inTime(promise, `${at.at} of ${at.operation ?? 'an exchange'}`, () => held.takeBack())
  trial.isUnderWay = () => exchanges.some((exchange) => exchange.isClientWaiting())
}

function inTime<T>(work: Promise<T>, what: string, giveUp: () => void = () => {}): Promise<T> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    giveUp()
    late.reject(new Error(`never came by: ${what}`))
  }, 20_000)
  return Promise.race([work, late.promise]).finally(() => clearTimeout(timer))
}

async function startInto(scene: Scene, at: HoldAt, lateMs = 0): Promise<void> {
  const held = hold(scene, at, lateMs)
  await Promise.all([held, scene.start()])
}

const firstOf = ({ trial }: Scene) => `${trial.id}/first`
const trigger = (scene: Scene, at: HoldAt['at']): HoldAt => ({
  at,
  operation: 'createJobRun',
  where: ({ body }) => scene.ties.labelOf(body) === firstOf(scene),
})
const lookAtJob = (scene: Scene): HoldAt => ({
  at: 'before_answer',
  operation: 'listJobRuns',
  where: ({ query }) => scene.ties.labels.get(query.get('job_id') ?? '') === firstOf(scene),
})

/** The first step's run is there, and the workflow knows it. */
async function running({ world, trial }: Scene): Promise<string> {
  const first = async () => (await world.stack.pipelines.show(trial.id)).steps[0]
  return until('the first run is known', async () => (await first())?.job_run_id ?? false, 20_000)
}

async function cancel({ world, trial }: Scene): Promise<void> {
  await world.stack.pipelines.cancel(trial.id)
  trial.cancelledAtMs = Date.now()
}

/** What a cancel of the first step's run is sent by. */
async function cancelOf(scene: Scene, at: HoldAt['at']): Promise<HoldAt> {
  const jobRunId = await running(scene)
  const { id } = scene.trial
  const { raw } = await scene.world.stack.client.workflow.getHandle(id).describe()
  // There a step is the first call of its name.
  const item = scene.trial.driver === 'runJob' ? 0 : null
  const step = { step: 'first', item, generation: 1 }
  const firstExecutionRunId = raw.workflowExecutionInfo?.firstRunId ?? ''
  const key = runKey({ namespace: 'default', workflowId: id }, { firstExecutionRunId, ...step })
  return {
    at,
    where: ({ path, body }) => path === `/job-runs/${jobRunId}/cancel` || body.includes(key),
  }
}

async function cancelInto(scene: Scene, at: HoldAt['at']): Promise<void> {
  await scene.start()
  const held = hold(scene, await cancelOf(scene, at))
  await Promise.all([held, cancel(scene)])
}

/** Leaves the pipeline run where an activity is pending; it has to be there still when the kill comes. */
async function pending({ world, trial }: Scene, which: (activity: PendingActivity) => boolean) {
  await untilPending(world, trial, which)
  trial.isUnderWay = async () => (await pendingOf(world, trial.id)).some(which)
}

/** A pipeline of ours on our own server: no activity waits for its runs, a signal tells of their ends. */
function isTold({ mode, driver }: Trial): boolean {
  return mode === 'fenced' && driver === 'pipeline'
}

/** Where the lease is a timer of the workflow, after which it looks. */
async function leaseRenewed({ world, trial }: Scene): Promise<void> {
  const looks = async () => {
    const { events } = await world.stack.client.workflow.getHandle(trial.id).fetchHistory()
    return (events ?? []).filter(({ activityTaskScheduledEventAttributes: activity }) =>
      activity?.activityType?.name?.endsWith('lookAtJobRuns'),
    ).length
  }
  await until('the lease was renewed', async () => (await looks()) > 0, 20_000)
  trial.isUnderWay = async () => (await endsTold(world, trial)).length === 0
}

/** When the pipeline run was told of ends of job runs. */
export async function endsTold({ stack }: World, { id }: Trial): Promise<number[]> {
  const { events } = await stack.client.workflow.getHandle(id).fetchHistory()
  return (events ?? []).flatMap(({ workflowExecutionSignaledEventAttributes: signal, eventTime }) =>
    signal?.signalName === signalNames.jobRunsEnded
      ? [Number(eventTime?.seconds) * 1_000 + Number(eventTime?.nanos) / 1e6]
      : [],
  )
}

/** Whether nobody had told it of the end of its first run by then. */
export async function wasUntold(world: World, trial: Trial, atMs: number): Promise<boolean> {
  if (isTold(trial)) return (await endsTold(world, trial)).every((toldMs) => toldMs > atMs)
  return (await pendingOf(world, trial.id)).some(({ id }) => id.includes('/wait'))
}

/** Where any number of pipeline runs can be at once. */
export const points: readonly Point[] = [
  {
    // The look that comes before the trigger: nothing of it was sent.
    name: 'trigger_before_send',
    modes: unfenced,
    shapes: ownJob,
    reach: (scene) => startInto(scene, lookAtJob(scene)),
  },
  {
    // Its client is dead when the trigger arrives, and another one may have looked for it already.
    name: 'trigger_on_its_way',
    isBrief: true,
    modes: ['strict', 'fenced'],
    reach: (scene) => startInto(scene, trigger(scene, 'before_send'), lateMs),
  },
  {
    name: 'trigger_after_send',
    isBrief: true,
    modes: everyMode,
    reach: (scene) => startInto(scene, trigger(scene, 'after_send')),
  },
  {
    name: 'trigger_after_commit',
    isBrief: true,
    modes: everyMode,
    reach: (scene) => startInto(scene, trigger(scene, 'after_commit')),
  },
  {
    // The answer was lost: in the look for what came of it; on our own server, in the second try under the same key.
    name: 'settle',
    modes: everyMode,
    shapes: ownJob,
    async reach(scene) {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      scene.world.proxy.onPoint(trigger(scene, 'after_commit'), ({ cut }) => {
        const next = scene.trial.mode === 'fenced' ? trigger(scene, 'after_commit') : lookAtJob(scene)
        hold(scene, next).then(resolve, reject)
        cut()
      })
      await Promise.all([inTime(promise, 'the look after a lost answer'), scene.start()])
    },
  },
  {
    name: 'cancel_before_send',
    modes: everyMode,
    firstMs: long,
    reach: (scene) => cancelInto(scene, 'before_send'),
  },
  {
    name: 'cancel_after_commit',
    modes: everyMode,
    firstMs: long,
    reach: (scene) => cancelInto(scene, 'after_commit'),
  },
  {
    name: 'lease_renewal',
    modes: everyMode,
    firstMs: 12_000,
    waitLeaseMs: 1_500,
    async reach(scene) {
      await scene.start()
      if (isTold(scene.trial)) await leaseRenewed(scene)
      else await pending(scene, ({ id, attempt }) => id.includes('/wait') && attempt >= 2)
    },
  },
  {
    // The cancel was answered, and the run is still active.
    name: 'cancel_awaited',
    modes: everyMode,
    firstMs: long,
    stopMs: 4_000,
    isBrief: true,
    async reach(scene) {
      await scene.start()
      const jobRunId = await running(scene)
      if (scene.trial.mode === 'fenced') {
        const where = ({ path }: HeldExchange) => path === `/job-runs/${jobRunId}`
        const held = hold(scene, { at: 'after_send', operation: 'getJobRun', where })
        await Promise.all([held, cancel(scene)])
        return
      }
      await cancel(scene)
      await pending(scene, ({ id }) => id.includes('/end/'))
    },
  },
]

export interface Completion {
  trial: Trial
  /** Lets the answer pass, and says when it has: the kill is to come in the same instant. */
  passInto: (kill: () => void) => void
}

/** The run has ended and the worker is told; whoever waits is not yet. */
export const beforeCompletion = { name: 'before_completion', modes: everyMode, firstMs: 2_500 } as const

export async function reachCompletion(scene: Scene): Promise<Completion> {
  const { world, ties, trial, start } = scene
  const pass = Promise.withResolvers<void>()
  const held = Promise.withResolvers<HeldExchange>()
  await start()
  if (isTold(trial)) await running(scene)
  else await untilPending(world, trial, ({ id }) => id.includes('/wait'))
  const where = ({ answer, method }: HeldExchange) =>
    method === 'GET' && tellsEnd(answer, ties.runOf(`${trial.id}/first`))
  world.proxy.onPoint({ at: 'before_answer', where }, async (exchange) => {
    held.resolve(exchange)
    await pass.promise
  })
  const exchange = await inTime(held.promise, 'the end of the first run')
  return {
    trial,
    passInto(kill) {
      // One that was given up has no answer to get.
      if (!exchange.isClientWaiting()) kill()
      world.proxy.onPoint({ at: 'after_answer', where: (other) => other === exchange }, kill)
      pass.resolve()
    },
  }
}

export function shapeFor(own: readonly Shape[] = shapes, at: number): Shape {
  return own[at % own.length] ?? 'chain'
}
