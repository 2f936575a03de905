import { expect, test } from 'vitest'
import { checkExpression, type ScopeShape } from '../../src/expressions/index.ts'

const shape: ScopeShape = {
  inputs: new Map([
    ['system', 'string'],
    ['limit', 'integer'],
    ['ratio', 'number'],
    ['dry', 'boolean'],
    ['units', 'array'],
    ['options', 'object'],
  ]),
  steps: new Map([
    ['graph', { outputs: ['metagraph', 'report'] }],
    ['issues', {}],
    ['later', {}],
    ['own', {}],
  ]),
  self: 'own',
  reachable: new Set(['graph', 'issues']),
  item: false,
  statusFunctions: false,
  secrets: false,
}

const check = (source: string, changes: Partial<ScopeShape> = {}) =>
  checkExpression(source, { ...shape, ...changes })

test.each([
  ['inputs.sistem', 'unknown_input', 0, '`system`'],
  ['steps.grap.outputs.metagraph', 'unknown_step', 0, '`graph`'],
  ['1 + size(steps.later.outputs.x)', 'step_not_needed', 9, 'add `later` to the `needs` of `own`'],
  ['steps.own.status', 'step_reads_itself', 0, 'needs'],
  ['steps.graph.outputs.metagrap', 'unknown_output', 0, '`metagraph`'],
  ['steps.graph.metagraph', 'unknown_member', 0, 'steps.graph.outputs.metagraph'],
  ['steps.graph.stats', 'unknown_member', 0, '`status`'],
  ['steps.graph.outputs[inputs.system]', 'dynamic_output', 0, 'steps.graph.outputs.NAME'],
  ['steps[inputs.system].outputs.x', 'dynamic_step', 0, 'steps.NAME'],
  ['size(steps)', 'dynamic_step', 5, 'steps.NAME'],
  ['steps.graph.outputs', 'dynamic_output', 0, 'steps.graph.outputs.NAME'],
  ['steps.graph', 'dynamic_output', 0, 'steps.graph.outputs'],
  ['item.x', 'item_outside_for_each', 0, 'for_each'],
  ['[1].map(x, index)', 'item_outside_for_each', 11, 'for_each'],
  ['secrets.TOKEN', 'secret_outside_config', 0, 'config'],
  ['pipeline.id', 'unknown_member', 0, 'known: run_id'],
  ['foo + 1', 'expression_unknown_name', 0, "'foo'"],
  ['inputs.system ==', 'expression_syntax', 16, 'CEL'],
  ['failed()', 'expression_unknown_function', 0, '`if`'],
  ['inputs.system * 2', 'expression_type', 0, 'convert'],
  ['inputs.limit + inputs.system', 'expression_type', 0, 'string('],
  ['inputs.dry && inputs.limit', 'expression_type', 0, 'convert'],
  ["inputs.dry ? 'a' : 1", 'expression_type', 0, 'dyn('],
  ['inputs.system.nope()', 'expression_unknown_function', 0, 'startsWith'],
  ['"".constructor', 'expression_refused', 0, 'property'],
])('%s has the problem %s at offset %i', (source, code, start, fix) => {
  const { problems } = check(source)
  expect(problems.map((problem) => problem.code)).toEqual([code])
  expect(problems[0]).toMatchObject({ start })
  expect(problems[0]?.fix).toContain(fix)
})

test('every problem of an expression is found at once', () => {
  const { problems } = check('inputs.nope + steps.nope.status + nope + item')
  expect(problems.map((problem) => problem.code).sort()).toEqual([
    'expression_unknown_name',
    'item_outside_for_each',
    'unknown_input',
    'unknown_step',
  ])
})

test.each([
  'inputs.limit * 2',
  'inputs.limit * 1.5',
  'inputs.ratio / inputs.limit',
  'inputs.options.deep.key == "x"',
  'inputs.units.filter(u, u.ok).map(u, u.name)',
  'inputs["system"]',
  'inputs[inputs.system]',
  'size(inputs)',
  'has(steps.graph)',
  'has(steps.graph.outputs.metagraph) ? steps.graph.outputs.metagraph : null',
  'steps.issues.outputs.anything[0].title',
  'steps.graph.run.uuid',
  'pipeline.started_at',
])('%s has no problem', (source) => {
  expect(check(source).problems).toEqual([])
})

test('the references of an expression say what it reads, inside macros too', () => {
  const { references } = check(
    "steps.issues.outputs['issues'].filter(i, i.system == inputs.system && steps.graph.outputs.report.ok).map(i, steps.graph.run.uuid)",
  )
  expect(references.outputs).toEqual([
    { step: 'issues', name: 'issues' },
    { step: 'graph', name: 'report' },
  ])
  expect(references.runs).toEqual(['graph'])
  expect(references.inputs).toEqual(['system'])
  expect(references.whole).toBeUndefined()
})

test('an expression that is one output or one secret is known as such', () => {
  expect(check('steps.graph.outputs.metagraph').references.whole).toEqual({
    kind: 'output',
    step: 'graph',
    name: 'metagraph',
  })
  expect(check("steps['graph'].outputs['metagraph']").references.whole).toMatchObject({ step: 'graph' })
  expect(check('steps.graph.outputs.metagraph.id').references.whole).toBeUndefined()
  expect(check('secrets.TOKEN', { secrets: true }).references.whole).toEqual({
    kind: 'secret',
    name: 'TOKEN',
  })
})

test('nothing can be computed with a secret', () => {
  for (const source of [
    '"x" + secrets.TOKEN',
    'secrets',
    'secrets.TOKEN.x',
    'string(secrets.TOKEN)',
    'secrets[inputs.system]',
  ]) {
    const { problems } = check(source, { secrets: true })
    expect(
      problems.map((problem) => problem.code),
      source,
    ).toEqual(['secret_in_expression'])
  }
})

test('an `if` knows the status functions and says which it calls', () => {
  const { problems, references, type } = check('always() && (failed() || inputs.dry)', {
    statusFunctions: true,
  })
  expect(problems).toEqual([])
  expect(references.statusFunctions).toEqual(['always', 'failed'])
  expect(type).toBe('bool')
})

test('a variable of a macro hides nothing', () => {
  expect(check('[1].map(inputs, inputs)').problems[0]?.code).toBe('expression_refused')
  expect(check('[1].map(secrets, secrets)', { secrets: true }).problems[0]?.code).toBe('expression_refused')
})
