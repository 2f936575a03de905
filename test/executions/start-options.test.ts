import { describe, expect, test } from 'vitest'
import { workflowTaskTimeoutMs } from '../../src/executions/index.ts'
import { planStep } from '../helpers/plans.ts'

describe('a workflow task has as much time as a replay may take', () => {
  const plain = (count: number) => Array.from({ length: count }, (_, n) => planStep(`s${n}`))
  const over = (items: number) =>
    planStep('each', { forEach: { kind: 'literal', value: Array.from({ length: items }, (_, n) => n) } })
  const unknown = planStep('unknown', { forEach: { kind: 'expression', source: 'inputs.items' } })

  test.each([
    ['a few steps', plain(3), 2_000],
    ['hundreds of steps', plain(201), 10_000],
    ['a list of a few', [over(10)], 2_000],
    ['a long list', [over(500)], 10_000],
    ['a list that only the run knows', [unknown], 10_000],
  ])('with %s', (_what, steps, timeoutMs) => {
    expect(workflowTaskTimeoutMs(steps)).toBe(timeoutMs)
  })
})
