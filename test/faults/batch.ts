import { setTimeout as delay } from 'node:timers/promises'
import { seededRandom } from '../../src/testing/seeded.ts'
import {
  beforeCompletion,
  type Completion,
  everyMode,
  points,
  reachCompletion,
  type Scene,
  shapeFor,
  wasUntold,
} from './points.ts'
import { type Driver, nameOf, newTrial, startTrial, type Ties, type Trial } from './trial.ts'
import { type Mode, patientMs, type Victim, type World } from './worlds.ts'

export interface BatchOptions {
  world: World
  ties: Ties
  seed: number
  /** Only cases whose name holds this. @default all */
  only?: string | undefined
}

interface Case {
  name: string
  modes: readonly Mode[]
  firstMs?: number
  stopMs?: number
  waitLeaseMs?: number
  shapes?: Parameters<typeof shapeFor>[0]
}

/** Their leases are not a test's to shorten, and they need no feed. */
const notOfOwnWorkflows: readonly string[] = ['lease_renewal', 'watcher_takeover']

const drivenBy: readonly Driver[] = ['pipeline', 'runJob']

const victims: readonly Victim[] = ['worker', 'temporal', 'api', 'everything', 'worker']

/** Pipeline runs, each brought to a point of its own; others that are anywhere; and one kill that hits them all. */
export async function killBatch({ world, ties, seed, only = '' }: BatchOptions): Promise<Trial[]> {
  await world.setPatience(patientMs)
  const random = seededRandom(`kill ${seed}`)
  const victim = victims[(seed - 1) % victims.length] ?? 'worker'
  const gate = Promise.withResolvers<void>()
  const trials: Trial[] = []
  const sceneOf = (one: Case, at: number, mode: Mode, driver: Driver): Scene => {
    const shape = shapeFor(one.shapes, seed + at)
    const trial = newTrial(world, { ...one, seed, mode, victim, shape, driver })
    trials.push(trial)
    const start = () => startTrial(world, trial, one.waitLeaseMs)
    return { world, ties, trial, start, gate: gate.promise }
  }
  const scenesOf = <C extends Case>(cases: readonly C[]): { case: C; scene: Scene }[] =>
    world.modes.flatMap((mode) =>
      cases.flatMap((one, at) => {
        if (!one.modes.includes(mode)) return []
        const drivers = drivenBy.filter(
          (by) =>
            `${mode}/${nameOf(one.name, by)}`.includes(only) &&
            (by === 'pipeline' || !notOfOwnWorkflows.includes(one.name)),
        )
        return drivers.map((driver) => ({ case: one, scene: sceneOf(one, at, mode, driver) }))
      }),
    )
  const reachAll = (cases: typeof points) =>
    Promise.all(scenesOf(cases).map(({ case: { reach }, scene }) => missed(scene, reach(scene))))
  try {
    // Those last that are not held for long: a trigger that is patient for ten seconds, a cancel that takes its time.
    const completing = Promise.all(
      scenesOf([beforeCompletion]).map(({ scene }) => missed(scene, reachCompletion(scene))),
    )
    await reachAll(points.filter(({ isBrief }) => isBrief !== true))
    const completions = (await completing).filter((one) => one !== undefined)
    await reachAll(points.filter(({ isBrief }) => isBrief === true))
    const anywhere = scenesOf(byChance(seed, random))
    await Promise.all(anywhere.map(({ scene }) => scene.start()))
    await delay(random() * 1_000)
    for (const trial of trials) trial.isHit = await trial.isUnderWay()
    const killedAtMs = Date.now()
    await killAt(completions, () => world.kill(victim))
    gate.resolve()
    await delay(random() * 500)
    await restore(world, victim, anywhere)
    // Nobody had told it.
    for (const { trial } of completions) trial.isHit = await wasUntold(world, trial, killedAtMs)
    for (const { scene } of anywhere) scene.trial.isHit ||= await world.wasOpen(scene.trial.id, killedAtMs)
    return trials
  } finally {
    gate.resolve()
  }
}

/** Not to have come to its point is no failure; it does not count. */
function missed<T>({ trial }: Scene, reaching: Promise<T>): Promise<T | undefined> {
  return reaching.catch((error: unknown) => {
    trial.missed = String(error)
    return undefined
  })
}

/** Kills at moments that nobody chose, and one that comes while the watcher is taken over. */
function byChance(seed: number, random: () => number): Case[] {
  const anywhere = [0, 1].map((at) => ({
    name: 'random_time',
    modes: everyMode,
    firstMs: 50 + random() * 800,
    shapes: [shapeFor(undefined, seed + 2 * at)],
  }))
  return [...anywhere, { name: 'watcher_takeover', modes: ['fenced'], firstMs: 10_000 }]
}

/** As soon as the first of them has its answer: then no other one gets its own. */
async function killAt(completions: readonly Completion[], kill: () => Promise<void>): Promise<void> {
  const killed = Promise.withResolvers<void>()
  let isKilled = false
  const once = () => {
    if (!isKilled) kill().then(killed.resolve, killed.reject)
    isKilled = true
  }
  for (const { passInto } of completions) passInto(once)
  if (completions.length === 0) once()
  await killed.promise
}

/** A worker that takes the watcher over is killed again. */
async function restore(
  world: World,
  victim: Victim,
  anywhere: readonly { scene: Pick<Scene, 'trial'> }[],
): Promise<void> {
  const taken = anywhere.find(({ scene }) => scene.trial.name === 'fenced/watcher_takeover')?.scene.trial
  const isTakenOver = victim === 'worker' || victim === 'everything'
  if (taken === undefined || !isTakenOver) return world.restore(victim)
  const killed = Promise.withResolvers<number>()
  const restored = Promise.withResolvers<void>()
  const hold = world.proxy.onPoint({ at: 'after_send', operation: 'listJobRunChanges' }, async () => {
    // The worker beside it may still be starting, and is killed with it.
    await restored.promise
    const atMs = Date.now()
    await world.kill('worker')
    killed.resolve(atMs)
  })
  await world.restore(victim)
  restored.resolve()
  const atMs = await killed.promise
  await world.restore('worker')
  taken.isHit = hold.isReached && (await world.wasOpen(taken.id, atMs))
}
