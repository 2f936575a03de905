import { setTimeout as delay } from 'node:timers/promises'
import { type FaultKind, type FaultScript, faultKinds, scriptFromSeed } from '../../src/testing/index.ts'
import { seededRandom } from '../../src/testing/seeded.ts'
import type { BatchOptions } from './batch.ts'
import { shapes } from './pipelines.ts'
import { nameOf, newTrial, startTrial, type Trial } from './trial.ts'
import { judgeAll } from './verdict.ts'
import { impatientMs, type World } from './worlds.ts'

/** Well within what the connections declare: the machine takes time of its own. */
const bounds = { timeoutMs: 1_000, deliveryMs: 600, listingMs: 300 }

/** What these pipelines never ask for. */
const others = /Document|Metagraph|Output|Logs|Schemas|updateJob|whoami|getLatestRun/

export function scriptOf(
  { modes }: Pick<World, 'modes'>,
  seed: number,
  kinds: readonly FaultKind[] = faultKinds,
): FaultScript {
  const doublesTriggers = modes.includes('fenced')
  const { rules } = scriptFromSeed(seed, { rate: 0.25, calls: 40, bounds, doublesTriggers, kinds })
  return { seed, rules: rules.filter(({ operation = '' }) => !others.test(operation)) }
}

/** What costs less than a client's patience with a trigger. */
export const quickKinds = faultKinds.filter((kind) => kind !== 'slow_loris')

/** Pipeline runs of two shapes in each mode, while a script lets exchanges go wrong; one of them is cancelled. Judged when this returns. */
export async function scriptBatch(
  { world, ties, seed, only = '' }: BatchOptions,
  kinds?: readonly FaultKind[],
): Promise<Trial[]> {
  const random = seededRandom(`script ${seed}`)
  const since = world.seen()
  const trials = world.modes.flatMap((mode) =>
    [0, 1, 2].flatMap((at) => {
      const name = at === 2 ? 'script_and_cancel' : 'script'
      const shape = shapes[(seed + at) % shapes.length] ?? 'chain'
      // One of them as a workflow of a user's own.
      const driver = (seed + at) % 3 === 0 ? 'runJob' : 'pipeline'
      if (!`${mode}/${nameOf(name, driver)}`.includes(only)) return []
      return [newTrial(world, { name, seed, mode, shape, driver, victim: 'script' })]
    }),
  )
  if (trials.length === 0) return []
  await world.setPatience(impatientMs)
  const before = world.proxy.log.length
  world.proxy.setScript(scriptOf(world, seed, kinds))
  try {
    await Promise.all(
      trials.map(async (trial) => {
        await startTrial(world, trial)
        if (!trial.name.includes('cancel')) return
        await delay(random() * 4_000)
        await world.stack.pipelines.cancel(trial.id)
        trial.cancelledAtMs = Date.now()
      }),
    )
    await judgeAll(world, ties, trials, { since })
  } finally {
    world.proxy.setScript({ rules: [] })
  }
  const hits = world.proxy.log.slice(before).filter(({ fault, isHit }) => fault !== undefined && isHit)
  for (const trial of trials) trial.isHit = hits.length > 0
  return trials
}
