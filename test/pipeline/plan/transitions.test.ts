import { describe, expect, it } from 'vitest'
import {
  isDone,
  move,
  statusAfter,
  stepEvents,
  stepStatuses,
  stepTransitions,
  stepVerbs,
} from '../../../src/pipeline/plan/index.ts'

describe('what may happen to a step', () => {
  it('is settled for every status, every event and every verb', () => {
    expect(Object.keys(stepTransitions).toSorted()).toEqual([...stepEvents, ...stepVerbs].toSorted())
    for (const row of Object.values(stepTransitions))
      expect(Object.keys(row).toSorted()).toEqual(stepStatuses.toSorted())
  })

  it('is nothing once it is done', () => {
    for (const status of stepStatuses.filter(isDone))
      for (const what of [...stepEvents, ...stepVerbs]) expect(statusAfter(status, what), what).toBeNull()
  })

  it('can be an end from every status that is not done', () => {
    for (const status of stepStatuses.filter((each) => !isDone(each)))
      expect(statusAfter(status, 'cancelled')).toBe('cancelled')
  })

  it.each([
    ['held', 'approve', 'completed'],
    ['held', 'retry', 'pending'],
    ['trigger_unknown', 'adopt', 'running'],
    ['trigger_unknown', 'trigger', 'pending'],
    ['trigger_unknown', 'fail', 'failed'],
    ['trigger_unknown', 'retry', null],
    ['trigger_unknown', 'approve', null],
    ['running', 'trigger', null],
    ['running', 'skip', null],
    ['running', 'retry', null],
    ['waiting', 'skip', 'skipped'],
  ] as const)('a step that is %s and told to %s is then %s', (status, verb, expected) => {
    expect(statusAfter(status, verb)).toBe(expected)
  })

  it('is refused when the table has it not, and the status stays', () => {
    const step = { status: 'completed' as (typeof stepStatuses)[number] }
    expect(() => move(step, 'began')).toThrow('a step that is completed cannot be told `began`')
    expect(step.status).toBe('completed')
  })
})
