import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  countChanges,
  createPipelineRunState,
  createSchedule,
  type PipelinePlan,
  pipelineStatus,
  viewPipelineRun,
  whatIsBefore,
} from '../../../src/pipeline/plan/index.ts'
import { seededRandom } from '../../../src/testing/seeded.ts'
import { drive } from '../../helpers/drive.ts'
import { edgesOf, epigenomics, type GraphStep, layered, montage } from '../../helpers/graphs.ts'
import { planOf, planStep } from '../../helpers/plans.ts'
import { beforeByLooking, countByLooking, scheduleByLooking } from './by-looking.ts'

const conditions = [
  undefined,
  { source: 'true', statusFunctions: [] },
  { source: 'false', statusFunctions: [] },
  { source: 'always()', statusFunctions: ['always' as const] },
  { source: 'failed()', statusFunctions: ['failed' as const] },
  { source: 'cancelled()', statusFunctions: ['cancelled' as const] },
] as const

/** Graphs of up to 24 steps, with every way to start and to go on. */
const plans: fc.Arbitrary<PipelinePlan> = fc
  .array(
    fc.record({
      needs: fc.array(fc.nat(23), { maxLength: 6 }),
      goesOn: fc.boolean(),
      any: fc.boolean(),
      condition: fc.nat(conditions.length - 1),
    }),
    { minLength: 1, maxLength: 24 },
  )
  .map((steps) =>
    planOf(
      steps.map(({ needs: places, goesOn, any, condition }, index) => {
        const needs = [...new Set(places.filter((place) => place < index).map((place) => `s${place}`))]
        const found = conditions[condition]
        const status = (id: string) => ({ kind: 'expression' as const, source: `steps.${id}.status` })
        const entries = needs.map((key) => ({ key, value: status(key) }))
        return planStep(`s${index}`, {
          needs,
          onFailure: goesOn ? 'continue' : 'fail',
          config: { kind: 'object', entries },
          ...(any && needs.length > 1 ? { start: 'any' as const } : {}),
          ...(found ? { if: { source: found.source, statusFunctions: [...found.statusFunctions] } } : {}),
        })
      }),
    ),
  )

describe('what is kept as steps end', () => {
  it('comes to the decisions, the counts and the view that a look at everything comes to', () => {
    fc.assert(
      fc.property(
        plans,
        fc.integer(),
        fc.nat(30),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (plan, seed, cancelAt, failing) => {
          const run = (count: typeof countChanges, scheduleOf: typeof createSchedule) => {
            const state = count(plan, createPipelineRunState(plan, 0))
            const schedule = scheduleOf(plan, state)
            const random = seededRandom(seed)
            const fails = seededRandom(seed + 1)
            const endOf = () => (fails() < failing ? 'failed' : 'completed')
            const decided = drive({ plan, state, schedule, random, endOf, cancelAt })
            const view = viewPipelineRun(plan, state, { id: 'p', finishedAtMs: 3, outputs: {} })
            return {
              decided,
              view,
              isCleanupAlone: schedule.isCleanupAlone(),
              isFinished: schedule.isFinished(),
            }
          }
          const fast = run(countChanges, createSchedule)
          expect(fast).toEqual(run(countByLooking, scheduleByLooking))
          expect(fast.isFinished).toBe(true)
        },
      ),
      { numRuns: 300 },
    )
  })

  it('knows what is before what, and what of that is done', () => {
    fc.assert(
      fc.property(plans, ({ steps }) => {
        const [fast, simple] = [whatIsBefore(steps), beforeByLooking(steps)]
        for (const { id } of steps)
          for (const { id: other } of steps)
            expect([other, id, fast.isBefore(other, id), fast.isDoneBefore(other, id)]).toEqual([
              other,
              id,
              simple.isBefore(other, id),
              simple.isDoneBefore(other, id),
            ])
      }),
    )
  })

  it('knows of steps in a cycle that each is before the others', () => {
    const { isBefore } = whatIsBefore([
      { id: 'a', needs: ['c'] },
      { id: 'b', needs: ['a'] },
      { id: 'c', needs: ['b'] },
      { id: 'd', needs: ['c'] },
    ])
    for (const other of ['a', 'b', 'c'])
      for (const id of ['a', 'b', 'c', 'd']) expect(isBefore(other, id)).toBe(true)
    expect(isBefore('d', 'a')).toBe(false)
  })
})

const graphs: [name: string, steps: GraphStep[]][] = [
  ['a mosaic', montage(1_990)],
  ['genomes', epigenomics(4, 620)],
  ['layers with 35,000 needs', layered(10, 1_000, 4)],
  [
    'a chain',
    Array.from({ length: 10_000 }, (_, index) => ({
      id: `s${index}`,
      needs: index ? [`s${index - 1}`] : [],
    })),
  ],
]

describe('a graph of ten thousand steps', () => {
  it.each(graphs)('%s: every step once, after what it needs', (_, steps) => {
    expect(steps.length).toBeGreaterThan(9_800)
    const plan = planOf(steps.map(({ id, needs }) => planStep(id, { needs })))
    const state = countChanges(plan, createPipelineRunState(plan, 0))
    const schedule = createSchedule(plan, state)
    const decided = drive({
      plan,
      state,
      schedule,
      random: seededRandom(edgesOf(steps)),
      endOf: () => 'completed',
    })
    const placeOf = new Map(decided.map((text, place) => [text.split(' ', 2).join(' '), place]))
    expect(decided).toHaveLength(2 * steps.length)
    expect(placeOf.size).toBe(decided.length)
    const isAfter = ({ id, needs }: GraphStep) =>
      needs.every((need) => Number(placeOf.get(`completed ${need}`)) < Number(placeOf.get(`began ${id}`)))
    expect(steps.filter((step) => !isAfter(step))).toEqual([])
    expect(pipelineStatus(plan, state)).toBe('completed')
  })
})
