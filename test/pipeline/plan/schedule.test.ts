import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  createPipelineRunState,
  createSchedule,
  isDone,
  isFailing,
  type PipelinePlan,
  type PipelineRunState,
  type StepStatus,
  stepState,
} from '../../../src/pipeline/plan/index.ts'
import { planOf, planStep } from '../../helpers/plans.ts'

const ends = ['completed', 'failed', 'cancelled', 'skipped'] as const

/** By looking at everything: what the schedule must come to, however it keeps its counts. */
function readyByLooking(plan: PipelinePlan, state: PipelineRunState): string[] {
  return plan.steps
    .filter(
      ({ id, needs, start }) =>
        stepState(state, id).status === 'waiting' &&
        (needs.every((need) => isDone(stepState(state, need).status)) ||
          (start === 'any' && needs.some((need) => isDone(stepState(state, need).status)))),
    )
    .map(({ id }) => id)
}

/** A plan of up to 12 steps, each of which needs some of those before it. */
const plans = fc
  .array(
    fc.record({ needs: fc.array(fc.nat(11), { maxLength: 4 }), fails: fc.boolean(), any: fc.boolean() }),
    {
      minLength: 1,
      maxLength: 12,
    },
  )
  .map((steps) =>
    planOf(
      steps.map(({ needs, fails, any }, index) =>
        planStep(`s${index}`, {
          needs: [...new Set(needs.filter((need) => need < index).map((need) => `s${need}`))],
          onFailure: fails ? 'fail' : 'continue',
          ...(any ? { start: 'any' as const } : {}),
        }),
      ),
    ),
  )

describe('the schedule', () => {
  it('has a step that starts with any need ready with each, until it has begun, and whenever it is reconsidered', () => {
    const plan = planOf([planStep('a'), planStep('b'), planStep('c', { needs: ['a', 'b'], start: 'any' })])
    const state = createPipelineRunState(plan, 0)
    const schedule = createSchedule(plan, state)
    const take = () => schedule.takeReady()?.id
    expect([take(), take(), take()]).toEqual(['a', 'b', undefined])
    schedule.reconsider()
    expect(take()).toBeUndefined()
    stepState(state, 'a').status = 'failed'
    schedule.ended(schedule.step('a'))
    expect([take(), take(), schedule.hasOpenNeeds(schedule.step('c'))]).toEqual(['c', undefined, true])
    schedule.reconsider()
    expect(take()).toBe('c')
    stepState(state, 'b').status = 'completed'
    schedule.ended(schedule.step('b'))
    expect(schedule.hasOpenNeeds(schedule.step('c'))).toBe(false)
    stepState(state, 'c').status = 'running'
    expect(take()).toBeUndefined()
  })

  it('starts with those that need nothing, in the order of the plan', () => {
    const plan = planOf([planStep('a'), planStep('b', { needs: ['a'] }), planStep('c')])
    const schedule = createSchedule(plan, createPipelineRunState(plan, 0))
    expect([schedule.takeReady()?.id, schedule.takeReady()?.id, schedule.takeReady()]).toEqual([
      'a',
      'c',
      undefined,
    ])
  })

  it('names what an earlier execution began', () => {
    const plan = planOf([planStep('a'), planStep('b'), planStep('c', { needs: ['a'] })])
    const state = createPipelineRunState(plan, 0)
    stepState(state, 'a').status = 'completed'
    stepState(state, 'b').status = 'running'
    const schedule = createSchedule(plan, state)
    expect(schedule.begun.map(({ id }) => id)).toEqual(['b'])
    expect(schedule.takeReady()?.id).toBe('c')
  })

  it('comes to what looking at everything comes to, whatever ends how and when', () => {
    fc.assert(
      fc.property(plans, fc.infiniteStream(fc.nat()), (plan, choices) => {
        const state = createPipelineRunState(plan, 0)
        const choose = <T>(among: readonly T[]): T => among[Number(choices.next().value) % among.length] as T
        let schedule = createSchedule(plan, state)
        const running: string[] = []
        for (;;) {
          for (let step = schedule.takeReady(); step; step = schedule.takeReady()) {
            expect(readyByLooking(plan, state)).toContain(step.id)
            stepState(state, step.id).status = 'running'
            running.push(step.id)
          }
          expect(readyByLooking(plan, state)).toEqual([])
          expect(schedule.isFailing()).toBe(isFailing(plan, state))
          expect(schedule.isFinished()).toBe(
            plan.steps.every(({ id }) => isDone(stepState(state, id).status)),
          )
          if (running.length === 0) break
          const over = running.splice(choose([...running.keys()]), 1)[0] as string
          const end: StepStatus = choose(ends)
          stepState(state, over).status = end
          schedule.ended(schedule.step(over))
          // As after continue-as-new: made anew from the state, it stands where the other one stood.
          if (choose([true, false, false])) schedule = createSchedule(plan, state)
        }
        expect(schedule.isFinished()).toBe(true)
      }),
    )
  })
})
