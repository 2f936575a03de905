import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  cleansUp,
  isDone,
  type PipelinePlan,
  type PlanStep,
  type StatusFunction,
} from '../../../src/pipeline/plan/index.ts'
import {
  cancel,
  fail,
  failOnce,
  type InMemoryFault,
  type InMemoryHandler,
  reject,
  testPipeline,
  timeout,
} from '../../../src/testing/in-memory/index.ts'
import { planOf, planStep } from '../../helpers/plans.ts'

/** What holds of every pipeline run, whatever goes wrong in it. */

const conditions: (StatusFunction | undefined)[] = [undefined, 'completed', 'failed', 'always', 'cancelled']
const faults: (InMemoryFault | undefined)[] = [
  undefined,
  undefined,
  fail('no'),
  failOnce('once'),
  reject('refused'),
  timeout({ times: 1 }),
  timeout(),
  cancel(),
]

const drawnStep = fc.record({
  needs: fc.array(fc.nat(5), { maxLength: 3 }),
  start: fc.constantFrom(undefined, undefined, 'any' as const),
  condition: fc.constantFrom(...conditions),
  items: fc.option(fc.nat(4)),
  maxParallel: fc.integer({ min: 1, max: 3 }),
  generations: fc.integer({ min: 1, max: 3 }),
  onFailure: fc.constantFrom('fail' as const, 'continue' as const),
  seconds: fc.nat(20),
  fault: fc.constantFrom(...faults),
  faultyItem: fc.option(fc.nat(3)),
})
type DrawnStep = typeof drawnStep extends fc.Arbitrary<infer T> ? T : never

function stepOf(drawn: DrawnStep, index: number): PlanStep {
  const { start, condition, items } = drawn
  return planStep(`s${index}`, {
    needs: [...new Set(drawn.needs.filter((need) => need < index))].map((need) => `s${need}`),
    target: { kind: 'job_type', jobType: 'work' },
    config: { kind: 'literal', value: { seconds: drawn.seconds } },
    ...(start ? { start } : {}),
    ...(condition ? { if: { source: `${condition}()`, statusFunctions: [condition] } } : {}),
    ...(items === null
      ? {}
      : { forEach: { kind: 'literal', value: Array.from({ length: items }, () => 0) } }),
    maxParallel: drawn.maxParallel,
    timeoutMs: 15_000,
    retry: { generations: drawn.generations, backoffMs: 1_000, on: ['failed', 'timeout', 'rejected'] },
    onFailure: drawn.onFailure,
  })
}

function faultsOf(drawn: readonly DrawnStep[]): Record<string, InMemoryFault> {
  return Object.fromEntries(
    drawn.flatMap(({ fault, faultyItem, items }, index): [string, InMemoryFault][] =>
      fault
        ? [[items === null || faultyItem === null ? `s${index}` : `s${index}[${faultyItem}]`, fault]]
        : [],
    ),
  )
}

async function observed(plan: PipelinePlan, faultsOfPlan: Record<string, InMemoryFault>) {
  const atWork = new Map<string, number>()
  const most = new Map<string, number>()
  const work: InMemoryHandler = async ({ step, config, sleep }) => {
    atWork.set(step, (atWork.get(step) ?? 0) + 1)
    most.set(step, Math.max(most.get(step) ?? 0, atWork.get(step) ?? 0))
    try {
      await sleep(`${Number(config.seconds)}s`)
    } finally {
      atWork.set(step, (atWork.get(step) ?? 0) - 1)
    }
  }
  const run = await testPipeline(plan, { jobs: work, faults: faultsOfPlan })
  return { run, most, left: [...atWork.values()].filter((count) => count !== 0) }
}

test('every random pipeline run keeps what the engine promises', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(drawnStep, { minLength: 1, maxLength: 6 }), async (drawn) => {
      const plan = planOf(drawn.map(stepOf))
      const { run, most, left } = await observed(plan, faultsOf(drawn))
      const isCancelled = run.view.steps.length > 0 && run.status === 'cancelled'
      const lines = (id: string) => run.view.steps.filter(({ step }) => step === id)

      expect(left).toEqual([])
      for (const step of plan.steps) {
        const own = run.step(step.id)
        expect(isDone(own.status)).toBe(true)
        expect(most.get(step.id) ?? 0).toBeLessThanOrEqual(step.forEach ? step.maxParallel : 1)
        expect(own.generation).toBeLessThanOrEqual(step.retry.generations)
        // What was skipped was never called, and what began began when all it needs was done.
        if (own.status === 'skipped') expect(run.calls.filter((call) => call.step === step.id)).toEqual([])
        const ends = step.needs.flatMap((need) => lines(need).map(({ finished_at }) => finished_at ?? ''))
        const isEnough = (all: boolean[]) =>
          all.length === 0 || (step.start === 'any' ? all.includes(true) : !all.includes(false))
        for (const { started_at } of lines(step.id))
          if (started_at) expect(isEnough(ends.map((end) => started_at >= end))).toBe(true)
        // Without a condition it runs only after what completed, or may fail.
        const isGood = (need: string) => {
          const { status } = run.step(need)
          const isPutUpWith = plan.steps.find(({ id }) => id === need)?.onFailure === 'continue'
          return status === 'completed' || (isPutUpWith && status !== 'skipped')
        }
        if (!step.if && own.status !== 'skipped') expect(isEnough(step.needs.map(isGood))).toBe(true)
      }
      const short = plan.steps.filter(
        ({ id, onFailure }) => onFailure === 'fail' && ['failed', 'cancelled'].includes(run.step(id).status),
      )
      if (!isCancelled) expect(run.status).toBe(short.length > 0 ? 'failed' : 'completed')
      else
        expect(
          Object.values(run.steps).some(({ status }) => status === 'cancelled' || status === 'skipped'),
        ).toBe(true)
      // Once cancelled, only what cleans up is begun.
      const cancels = Object.entries(faultsOf(drawn)).flatMap(([key, { kind }]) =>
        kind === 'cancel' ? [key] : [],
      )
      const since = run.view.steps
        .filter(({ step, item }) => cancels.some((key) => key === step || key === `${step}[${item}]`))
        .flatMap(({ started_at }) => started_at ?? [])
        .toSorted()[0]
      for (const { step, started_at } of run.view.steps)
        if (since !== undefined && started_at !== null && started_at > since)
          expect(cleansUp(plan.steps.find(({ id }) => id === step) ?? {})).toBe(true)
      const again = await observed(plan, faultsOf(drawn))
      expect(JSON.stringify(again.run)).toBe(JSON.stringify(run))
    }),
    { numRuns: 300 },
  )
})
