import { expect, it } from 'vitest'
import { type ExpressionScope, evaluateExpression } from '../../src/expressions/evaluate.ts'

function weightOf(source: string, inputs: ExpressionScope['inputs']): number {
  let weight = 0
  const scope = { inputs, steps: {}, pipeline: { run_id: 'p', started_at: '' } }
  evaluateExpression(source, scope, (each) => {
    weight += each
  })
  return weight
}

const list = Array.from({ length: 100 }, (_, id) => ({ id }))

// Timers of open workflows hang on these figures: they may change only with a new version of the plan.
it.each([
  ['inputs.a + 1', 13],
  ['size(inputs.list)', 218],
  ['inputs.list.map(x, x.id)', 1800],
  ['inputs.list.all(x, inputs.list.exists(y, y.id == x.id))', 65536],
  ['inputs.list.exists(x, string(x.id).matches("^a+$"))', 63504],
])('the weight of %s is told by what it names and how it loops', (source, expected) => {
  expect(weightOf(source, { a: 1, list, unused: list })).toBe(expected)
})

it('does not depend on how far the evaluation got', () => {
  const early = weightOf('inputs.list.exists(x, x.id == 0)', { list })
  const late = weightOf('inputs.list.exists(x, x.id == 9)', { list })
  expect(early).toBe(late)
})
