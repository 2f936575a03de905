// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the marks of our own templates
import { expect, test } from 'vitest'
import { decodeUtf8 } from '../../../src/base/utf8.ts'
import { badUtf8 } from '../../../src/pipeline/index.ts'
import { findingsOf, jobTypes, placesOf, planOf } from './helpers.ts'

const step = (lines: string) => `name: a\nsteps:\n  one:\n    job_type: x\n${lines}`

test('an empty file', () => {
  expect(placesOf('')).toEqual(['1:1 empty_file'])
  expect(placesOf('# only a comment\n')).toEqual(['1:1 empty_file'])
})

test('broken YAML, with its position', () => {
  expect(placesOf('name: a\nsteps:\n\tone: 1\n')).toEqual(['3:1 tab_indentation'])
  expect(placesOf('name: "a\nsteps: {}\n')[0]).toMatch(/^\d+:\d+ yaml_syntax$/)
  expect(placesOf('name: a\nsteps: [1\n')[0]).toMatch(/^\d+:\d+ yaml_syntax$/)
  expect(placesOf('- a\n- b\n')).toEqual(['1:1 wrong_type'])
  expect(placesOf('just text')).toEqual(['1:1 wrong_type'])
})

test('a key that is there twice, with both lines', () => {
  const [finding] = findingsOf('name: a\ndescription: x\nname: b\nsteps: { s: { job_type: x } }\n')
  expect(finding).toMatchObject({ code: 'duplicate_key', line: 3, column: 1 })
  expect(finding?.message).toContain('first in line 1, again in line 3')
})

test('a step that is there twice', () => {
  expect(placesOf('name: a\nsteps:\n  s: { job_type: x }\n  s: { job_type: y }\n')).toEqual([
    '4:3 duplicate_key',
  ])
})

test('an unknown field, with the nearest name', () => {
  const findings = findingsOf('name: a\nstepz: {}\nsteps:\n  one:\n    job_tipe: x\n    job_type: y\n')
  expect(findings.map(({ line, column, code, fix }) => [line, column, code, fix])).toEqual([
    [2, 1, 'unknown_field', 'did you mean `steps`?'],
    [5, 5, 'unknown_field', 'did you mean `job_type`?'],
  ])
  expect(findingsOf('name: a\nsteps: { s: { job_type: x, retry: { wait: 5s } } }')[0]?.fix).toBe(
    'known: attempts, backoff, on',
  )
  expect(findingsOf('name: a\nneeds: []\nsteps: { s: { job_type: x } }')[0]?.fix).toContain(
    'belongs to a step',
  )
})

test.each(['approval: { message: Go? }', 'delay: 5m'])('`%s` says that this version has it not', (field) => {
  const [finding] = findingsOf(`name: a\nsteps:\n  one:\n    job_type: x\n    ${field}\n`)
  expect(finding).toMatchObject({ code: 'unsupported_field', line: 5, column: 5 })
  expect(finding?.message).toContain('not supported by this version')
})

test('a step that is only an approval gives one finding', () => {
  expect(placesOf('name: a\nsteps:\n  one:\n    approval: { message: Go? }\n')).toEqual([
    '4:5 unsupported_field',
  ])
  expect(placesOf(step('    on_failure: hold\n'))).toEqual(['5:17 wrong_value'])
  expect(findingsOf(step('    on_failure: hold\n'))[0]?.fix).toContain('not supported by this version')
})

test('an unknown need, with the known steps', () => {
  const text = 'name: a\nsteps:\n  graph: { job_type: x }\n  two: { job_type: x, needs: [grap] }\n'
  expect(placesOf(text)).toEqual(['4:31 unknown_need'])
  expect(findingsOf(text)[0]?.fix).toBe('did you mean `graph`?')
  expect(findingsOf(text.replace('[grap]', '[nothing]'))[0]?.fix).toBe('known: graph')
})

test('a cycle, with its whole path', () => {
  const text =
    'name: a\nsteps:\n  a: { job_type: x, needs: [c] }\n  b: { job_type: x, needs: [a] }\n  c: { job_type: x, needs: [b] }\n'
  const [finding, ...others] = findingsOf(text)
  expect(others).toEqual([])
  expect(finding).toMatchObject({ code: 'cycle', line: 4, column: 29 })
  expect(finding?.message).toContain('a → c → b → a')
})

test('a step that needs itself', () => {
  expect(placesOf('name: a\nsteps:\n  a: { job_type: x, needs: [a] }\n')).toEqual(['3:29 needs_itself'])
})

test('wrong types', () => {
  expect(placesOf(step('    max_parallel: four\n    for_each: [1]\n'))).toEqual(['5:19 wrong_type'])
  expect(placesOf(step('    needs: one\n'))).toEqual(['5:12 wrong_type'])
  expect(findingsOf(step('    needs: two\n'))[0]?.fix).toBe('write needs: [two]')
  expect(placesOf('name: 5\nsteps: { s: { job_type: x } }')).toEqual(['1:7 wrong_type'])
  expect(placesOf('name: a\nsteps: [1]')).toEqual(['2:8 wrong_type'])
  expect(placesOf('name: a\nsteps: { s: }')).toEqual(['2:13 wrong_type'])
  expect(placesOf(step('    config: text\n'))).toEqual(['5:13 bad_config'])
  expect(placesOf(step('    retry: { attempts: 0 }\n'))).toEqual(['5:24 out_of_range'])
  expect(placesOf(step('    retry: { attempts: 101 }\n'))).toEqual(['5:24 out_of_range'])
  expect(placesOf(step('    retry: { on: [sometimes] }\n'))).toEqual(['5:19 wrong_value'])
  expect(placesOf(step('    for_each: [1]\n    max_parallel: 501\n'))).toEqual(['6:19 out_of_range'])
})

test('missing fields', () => {
  expect(placesOf('steps: { s: { job_type: x } }')).toEqual(['1:1 missing_field'])
  expect(placesOf('name: a')).toEqual(['1:1 missing_field'])
  expect(placesOf('name: a\nsteps: {}')).toEqual(['2:1 no_steps'])
})

test('a step without a target, and one with two', () => {
  expect(placesOf('name: a\nsteps:\n  one: { config: {} }\n')).toEqual(['3:3 no_target'])
  expect(placesOf('name: a\nsteps:\n  one:\n    job_type: x\n    job_id: y\n')).toEqual([
    '5:5 several_targets',
  ])
})

test('bad durations, with an example', () => {
  expect(placesOf(step('    timeout: 5 minutes\n'))).toEqual(['5:14 bad_duration'])
  expect(findingsOf(step('    timeout: soon\n'))[0]?.fix).toContain('30m')
  expect(findingsOf(step('    timeout: 30\n'))[0]?.fix).toContain('30s')
  expect(placesOf(step('    retry: { backoff: 1.5s }\n'))).toEqual(['5:23 bad_duration'])
  expect(placesOf('name: a\ndefaults: { timeout: [] }\nsteps: { s: { job_type: x } }')).toEqual([
    '2:22 bad_duration',
  ])
})

test('durations out of range', () => {
  for (const value of ['-5s', '-30', '0s', '366d', '999999999999d']) {
    const [finding] = findingsOf(step(`    timeout: ${value}\n`))
    expect(finding, value).toMatchObject({ code: 'duration_out_of_range', line: 5, column: 14 })
    expect(finding?.fix).toContain('1ms to 365d')
  }
})

test('an expression that names a step that is unknown, later or not needed', () => {
  const text = (expression: string) => `name: a
steps:
  graph: { job_type: x }
  later: { job_type: x, needs: [two] }
  two:
    needs: [graph]
    job_type: x
    config:
      value: ${expression}
`
  expect(placesOf(text('a ${{ steps.grap.outputs.x }}'))).toEqual(['9:20 unknown_step'])
  expect(placesOf(text("'${{ steps.later.outputs.x }}'"))).toEqual(['9:19 later_step'])
  expect(placesOf(text("'${{ steps.later.outputs.x }}'").replace('needs: [two]', 'needs: []'))).toEqual([
    '9:19 step_not_needed',
  ])
  expect(placesOf(text('${{ 1 + steps.two.outputs.x }}'))).toEqual(['9:22 step_reads_itself'])
  expect(placesOf(text('${{ steps.graph.outputs[inputs.x] }}'))).toEqual([
    '9:18 dynamic_output',
    '9:38 unknown_input',
  ])
})

test('an output that the job type does not declare', () => {
  const text = `name: a
steps:
  graph: { job_type: metagraph_update, config: { system_id_or_name: x } }
  two:
    needs: [graph]
    job_type: generate_issue
    config: { graph: '\${{ steps.graph.outputs.metagrap }}' }
`
  expect(placesOf(text)).toEqual([])
  expect(placesOf(text, { jobTypes })).toEqual(['7:27 unknown_output'])
  expect(findingsOf(text, { jobTypes })[0]?.fix).toBe('did you mean `metagraph`?')
})

test('alias bombs, cycles of aliases, and files too deep or too large', () => {
  const bomb = ['a: &a [x, x, x, x, x, x, x, x, x]']
  for (let i = 1; i < 9; i += 1) {
    const before = String.fromCharCode(96 + i)
    const name = String.fromCharCode(97 + i)
    bomb.push(`${name}: &${name} [${Array.from({ length: 9 }, () => `*${before}`).join(', ')}]`)
  }
  expect(findingsOf(bomb.join('\n'))[0]?.code).toBe('too_many_aliases')
  const wide = `a: &a [${'x, '.repeat(200_000)}]\nb: [*a, *a, *a]\n`
  expect(findingsOf(wide)[0]?.code).toBe('too_many_values')
  expect(placesOf('name: a\nsteps: &s { one: *s }')).toEqual(['2:18 alias_cycle'])
  expect(placesOf('name: *nope\nsteps: {}')).toEqual(['1:7 unknown_alias'])
  expect(findingsOf(step(`    config: { a: ${'['.repeat(40)}${']'.repeat(40)} }`))[0]?.code).toBe('too_deep')
  expect(findingsOf('['.repeat(100_000))[0]?.code).toBe('too_deep')
  expect(findingsOf(`name: x\nsteps: ${'{a: '.repeat(5000)}1${'}'.repeat(5000)}`)[0]?.code).toBe('too_deep')
  const [large] = findingsOf(`name: a\n# ${'x'.repeat(3 * 1024 * 1024)}`)
  expect(large).toMatchObject({ code: 'file_too_large', line: 1, column: 1 })
  expect(large?.message).toContain('3145728')
})

test('aliases within reason are fine', () => {
  const plan = planOf(
    'name: a\nsteps:\n  a: { job_type: x, config: &c { k: 1 } }\n  b: { job_type: x, config: *c }\n',
  )
  expect(plan.steps.map((each) => each.config)).toEqual([
    { kind: 'literal', value: { k: 1 } },
    { kind: 'literal', value: { k: 1 } },
  ])
})

test.each(['__proto__', 'constructor', 'prototype'])('`%s` as a key anywhere', (name) => {
  expect(placesOf(step(`    config: { deep: { ${name}: 1 } }\n`))).toEqual(['5:23 forbidden_key'])
  expect(placesOf(`name: a\nsteps:\n  ${name}: { job_type: x }\n`)[0]).toBe('3:3 forbidden_key')
})

test('names that an expression could not write', () => {
  const [finding] = findingsOf('name: a\nsteps:\n  fetch-data: { job_type: x }\n')
  expect(finding).toMatchObject({ code: 'bad_name', line: 3, column: 3, fix: 'name it `fetch_data`' })
  expect(placesOf('name: a b\nsteps: { s: { job_type: x } }')).toEqual(['1:7 bad_name'])
  expect(placesOf('name: a\ninputs: { in: { type: string } }\nsteps: { s: { job_type: x } }')).toEqual([
    '2:11 bad_name',
  ])
  expect(placesOf('name: a\nsteps: { 1st: { job_type: x } }')).toEqual(['2:10 bad_name'])
})

test('more steps than there may be', () => {
  const steps = Array.from({ length: 10_001 }, (_, index) => `  s${index}: { job_type: x }`)
  const [finding] = findingsOf(`name: a\nsteps:\n${steps.join('\n')}\n`)
  expect(finding).toMatchObject({ code: 'too_many_steps', line: 10_003, column: 3 })
  expect(finding?.message).toBe('10001 steps; at most 10000 are allowed')
})

test('more needs than a step may have, and than all may have together', () => {
  const roots = Array.from({ length: 2_001 }, (_, index) => `  s${index}: { job_type: x }`)
  const all = roots.map((_, index) => `s${index}`)
  const joins = (count: number, needs: readonly string[]) =>
    Array.from({ length: count }, (_, index) => `  j${index}: { job_type: x, needs: [${needs.join(', ')}] }`)
  const fileOf = (lines: readonly string[]) => `name: a\nsteps:\n${lines.join('\n')}\n`
  expect(findingsOf(fileOf([...roots, ...joins(1, all.slice(1))]))).toEqual([])
  expect(placesOf(fileOf([...roots, ...joins(1, all)]))).toEqual(['2004:22 too_many_needs'])
  const [finding] = findingsOf(fileOf([...roots, ...joins(26, all.slice(1))]))
  expect(finding?.message).toBe('the steps have 52000 needs together; at most 50000 are allowed')
})

test('a cycle of thousands of steps names its ends', () => {
  const steps = Array.from(
    { length: 3_000 },
    (_, index) => `  s${index}: { job_type: x, needs: [s${(index + 1) % 3_000}] }`,
  )
  const [finding, ...others] = findingsOf(`name: a\nsteps:\n${steps.join('\n')}\n`)
  expect(others).toEqual([])
  expect(finding?.message).toBe(
    `these steps need each other: ${[0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((each) => `s${each}`).join(' → ')} → … (2981 more) … → ${[2991, 2992, 2993, 2994, 2995, 2996, 2997, 2998, 2999, 0].map((each) => `s${each}`).join(' → ')}`,
  )
})

test('a plan over its limit, with bytes and limit', () => {
  const first = `  s0: { job_type: x, config: &c { text: ${'é'.repeat(10_000)} } }`
  const others = Array.from({ length: 420 }, (_, index) => `  s${index + 1}: { job_type: x, config: *c }`)
  const [finding] = findingsOf(`name: a\nsteps:\n${[first, ...others].join('\n')}\n`)
  expect(finding).toMatchObject({ code: 'plan_too_large', line: 2, column: 1 })
  expect(finding?.message).toMatch(/has \d{7} bytes; at most 8388608/)
})

test('a secret that is not at hand is a warning with its name only', () => {
  const text = step("    config: { token: 'Bearer ${{ secrets.TOKEN }}', other: '${{ secrets.KNOWN }}' }\n")
  const findings = findingsOf(text, { secretNames: ['KNOWN'] })
  expect(findings).toMatchObject([{ code: 'unknown_secret', severity: 'warning', line: 5, column: 34 }])
  expect(planOf(text, { secretNames: ['KNOWN'] }).steps).toHaveLength(1)
  expect(findingsOf(text)).toEqual([])
})

test('secrets anywhere but in a config', () => {
  expect(placesOf(step('    if: ${{ secrets.TOKEN == "x" }}\n'))).toEqual(['5:13 secret_outside_config'])
  expect(placesOf(`${step('')}outputs: { a: '\${{ secrets.TOKEN }}' }\n`)).toEqual([
    '5:20 secret_outside_config',
  ])
  expect(placesOf(step('    config: { a: \'${{ "x" + secrets.TOKEN }}\' }\n'))).toEqual([
    '5:29 secret_in_expression',
  ])
  expect(placesOf(step("    config: { a: '${{ secrets.A }} ${{ 1 }}' }\n"))).toEqual([
    '5:40 secret_with_expression',
  ])
  expect(placesOf(step('    config: { a: { $secret: TOKEN } }\n'))).toEqual(['5:20 reserved_form'])
})

test('bad UTF-8, with the byte', () => {
  const bytes = new Uint8Array([...new TextEncoder().encode('name: é'), 0xff, 0x61])
  expect(decodeUtf8(bytes)).toEqual({ badByte: 8 })
  expect(decodeUtf8(new Uint8Array([0x61, 0xe2, 0x82]))).toEqual({ badByte: 1 })
  expect(decodeUtf8(new Uint8Array([0xc0, 0xaf]))).toEqual({ badByte: 0 })
  expect(decodeUtf8(new TextEncoder().encode('é🙂'))).toEqual({ text: 'é🙂' })
  expect(badUtf8('p.yaml', 8)).toMatchObject({
    code: 'bad_utf8',
    file: 'p.yaml',
    message: 'byte 8 is not valid UTF-8',
  })
})

test('several documents, and tags', () => {
  expect(placesOf('name: a\nsteps: { s: { job_type: x } }\n---\nname: b\n')).toEqual([
    '3:1 several_documents',
  ])
  expect(placesOf('name: !foo a\nsteps: { s: { job_type: x } }\n')).toEqual(['1:7 yaml_tag'])
  expect(placesOf(step('    config: { n: 12345678901234567890, m: .nan }\n'))).toEqual([
    '5:18 bad_number',
    '5:43 bad_number',
  ])
  expect(placesOf(step('    config: { n: 1e-400, zero: 0.0, t: "\\ud800" }\n'))).toEqual([
    '5:18 bad_number',
    '5:40 bad_text',
  ])
})

test('a version of YAML other than 1.2, after which the rest is read as 1.2', () => {
  const text = 'name: a\nsteps: { s: { job_type: x, config: { a: yes, b: 010 }, timeout: 5 } }\n'
  expect(placesOf(`%YAML 1.2\n---\n${text}`)).toEqual(['4:65 bad_duration'])
  for (const version of ['1.1', '1.3', '2.0'])
    expect(findingsOf(`# first\n%YAML ${version}\n---\n${text}`), version).toMatchObject([
      { line: 2, column: 1, code: 'yaml_version', fix: `remove the line \`%YAML ${version}\`` },
      { line: 5, column: 65, code: 'bad_duration' },
    ])
  expect(placesOf(`description: |\n  %YAML 1.1\n${text.replace('timeout: 5', 'timeout: 5s')}`)).toEqual([])
})

test('a merge key takes the fields of maps, of which the nearest counts', () => {
  const text = (merged: string) => `name: a
steps:
  one: &one { job_type: x, timeout: 5m, config: &config { a: 1, b: 2 } }
  two: { <<: *one, needs: [one], timeout: 6m, config: { b: 3, <<: ${merged} } }
`
  const two = (merged: string) => planOf(text(merged)).steps.find(({ id }) => id === 'two')
  expect(two('*config')).toMatchObject({
    target: { jobType: 'x' },
    timeoutMs: 360_000,
    config: { value: { a: 1, b: 3 } },
  })
  expect(two('[{ a: 0, c: 4 }, *config]')).toMatchObject({ config: { value: { a: 0, b: 3, c: 4 } } })
  expect(placesOf(text('5'))).toEqual(['4:67 merge_key'])
  expect(placesOf(text('[*config, [1]]'))).toEqual(['4:77 merge_key'])
  // What is wrong in what is merged is told once, where it stands.
  expect(placesOf(text('*config').replace('5m', '5'))).toEqual(['3:37 bad_duration'])
})

test.each([
  ["a value with ': '", '    if: ${{ true ? true : false }}\n', '5:9'],
  ['a map literal', '    config: { a: 1 }\n    if: ${{ {"a": true}.a }}\n', '6:9'],
  ["a value with ' #'", '    if: ${{ "a" == "b" # no }}\n', '5:9'],
  ['a value in a flow map', '    config: { a: ${{ inputs.x }} }\n', '5:18'],
  ['a value in a flow list', '    for_each: [${{ 1 }}]\n', '5:16'],
])('%s without quotes says: quote it', (_name, lines, place) => {
  const findings = findingsOf(step(lines))
  expect(findings.map((finding) => `${finding.line}:${finding.column} ${finding.code}`)).toEqual([
    `${place} unquoted_expression`,
  ])
  expect(findings[0]?.fix).toContain('quotes')
})

test('a broken line whose expression is quoted is not blamed on quotes', () => {
  expect(placesOf(step("    config: { a: 'x ${{ 1 }}' b: 2 }\n"))[0]).toMatch(/^5:\d+ yaml_syntax$/)
})

test('an unquoted expression does not hide what else is wrong', () => {
  const text =
    'name: a\nsteps:\n  one:\n    job_type: x\n    if: ${{ true ? true : false }}\n    timeout: 30\n    config: { a: ${{ 1 }} }\n    nedds: []\n'
  expect(placesOf(text)).toEqual([
    '5:9 unquoted_expression',
    '6:14 bad_duration',
    '7:18 unquoted_expression',
    '8:5 unknown_field',
  ])
})

test('an unquoted expression in a flow map says nothing of correct lines after it, and hides nothing in them', () => {
  const text = `name: a
steps:
  one: { job_type: x, config: { a: \${{ 1 }}, b: PDU-\${{ {'a': 1}.a }}-1 }, timeout: 5 }
  two:
    job_type: y
    needs: [one]
    if: \${{ completed() }}
    config:
      a: \${{ steps.nope.status }}
      b: text \${{ pipeline.run_id }} text
    timeout: 6
  three: { job_type: x, config: { a: [\${{ 1
    }}], b: '\${{ inputs.no }}', c: "it's \${{ 1 }}" }, nedds: [] }
  four: { job_type: x, config: { a: b } }
outputs: { r: \${{ steps.one.outputs.x }}, s: '\${{ steps.nope.outputs.x }}' }
`
  expect(placesOf(text)).toEqual([
    '3:36 unquoted_expression',
    '3:53 unquoted_expression',
    '3:85 bad_duration',
    '9:14 unknown_step',
    '11:14 bad_duration',
    '12:39 unquoted_expression',
    '13:18 unknown_input',
    '13:55 unknown_field',
    '15:15 unquoted_expression',
    '15:51 unknown_step',
  ])
})

test('a syntax error says nothing of the lines that it makes unreadable', () => {
  const text = (line: string) =>
    `name: a\nsteps:\n  one:\n    job_type: x\n${line}\n  two: { job_type: y, needs: [one] }\n`
  for (const line of [
    '    config: { a: 1 }}',
    '   config: { a: 1 }',
    '    config: { a: 1',
    '    config: ]',
    '    config: { a: "b" c }',
  ])
    expect(placesOf(text(line)), line).toHaveLength(1)
})

test.each([
  ['one: { approval: true }', ['3:10 unsupported_field']],
  ['one: { approval: true, job_type: x }', ['3:10 unsupported_field']],
  ['one: { hold: true }', ['3:10 unsupported_field']],
  ['one: { delay: 1, config: {} }', ['3:10 unsupported_field']],
  ['one: { job_tpye: x }', ['3:10 unknown_field']],
  ['one: { nedds: [] }', ['3:3 no_target', '3:10 unknown_field']],
])('one fault of `%s` gives one finding', (line, expected) => {
  expect(placesOf(`name: a\nsteps:\n  ${line}\n`)).toEqual(expected)
})

test('a need that is misspelt is no second mistake where the step is read', () => {
  const text = `name: a
steps:
  graph: { job_type: x }
  two: { job_type: x, needs: [grap], config: { a: '\${{ steps.graph.outputs.x }}' } }
`
  expect(placesOf(text)).toEqual(['4:31 unknown_need'])
})

test('what is there twice is looked into both times, and makes nothing else wrong', () => {
  const text = `name: a
inputs: { a: { type: integer }, a: { type: array, default: 1 } }
steps:
  one: { job_type: generate_issue, timeout: 5 }
  one: { job_type: metagraph_update, config: { system_id_or_name: x, depth: a }, nedds: [] }
  two:
    needs: [one, three]
    job_type: generate_issue
    for_each: \${{ inputs.a }}
    config: { a: '\${{ steps.one.outputs.x }}', b: { c: 1, c: '\${{ inputs.b }}' } }
steps:
  three: { job_type: nope }
  one: { timeout: 6, job_type: generate_issue }
`
  expect(placesOf(text, { jobTypes })).toEqual([
    '2:33 duplicate_key',
    '2:60 wrong_default',
    '4:45 bad_duration',
    '5:3 duplicate_key',
    '5:77 config_wrong_type',
    '5:82 unknown_field',
    '10:59 duplicate_key',
    '10:67 unknown_input',
    '11:1 duplicate_key',
    '12:22 unknown_job_type',
    '13:19 bad_duration',
  ])
})

test('three mistakes give three findings', () => {
  const text =
    'name: a\nsteps:\n  one: { job_type: x, timeout: 5 minutes }\n  two:\n    needs: [won]\n    job_type: x\n    config: { a: "${{ steps.one.outputs.x }}" }\n'
  expect(placesOf(text)).toEqual(['3:32 bad_duration', '5:13 unknown_need', '7:23 step_not_needed'])
})

test('conditions and lists that are none', () => {
  expect(findingsOf(step('    if: true\n'))[0]).toMatchObject({
    code: 'bad_condition',
    fix: 'write ${{ true }}',
  })
  expect(findingsOf(step('    if: 3\n'))[0]?.fix).toContain('true or false')
  expect(findingsOf(step('    if: inputs.x == 1\n'))[0]).toMatchObject({
    code: 'bad_condition',
    fix: 'write ${{ inputs.x == 1 }}',
  })
  expect(placesOf(step('    if: a ${{ true }}\n'))).toEqual(['5:9 bad_condition'])
  expect(placesOf(step('    if: ${{ 1 + 1 }}\n'))).toEqual(['5:9 condition_not_boolean'])
  expect(placesOf(step('    for_each: ${{ "abc" }}\n'))).toEqual(['5:15 for_each_not_list'])
  expect(placesOf(step('    for_each: some\n'))).toEqual(['5:15 bad_for_each'])
  expect(placesOf(step('    max_parallel: 5\n'))).toEqual(['5:5 unused_max_parallel'])
  expect(placesOf(step('    job_type: ${{ inputs.x }}\n').replace('    job_type: x\n', ''))).toEqual([
    '4:15 expression_not_allowed',
  ])
})

test('inputs whose defaults contradict them', () => {
  const text = `name: a
inputs:
  a: { type: integer, default: 1.5 }
  b: { type: string, enum: [x, y], default: z }
  c: { type: boolean, enum: [1] }
  d: { type: text }
  e: { default: 1 }
  f: { type: string, default: '\${{ inputs.b }}' }
steps: { s: { job_type: x, config: { a: '\${{ inputs.d }}' } } }
`
  expect(placesOf(text)).toEqual([
    '3:32 wrong_default',
    '4:45 wrong_default',
    '5:30 wrong_enum',
    '6:14 wrong_value',
    '7:3 missing_field',
    '8:31 expression_not_allowed',
  ])
})

test('configs are checked against the job type, where they are literal', () => {
  const text = (config: string, jobType = 'metagraph_update') =>
    `name: a\nsteps:\n  one:\n    job_type: ${jobType}\n    config: ${config}\n`
  const places = (config: string) => placesOf(text(config), { jobTypes })
  expect(places('{ system_id_or_name: x, depth: 2, mode: full, nested: { on: true }, tags: [a] }')).toEqual(
    [],
  )
  expect(places('{ depth: two }')).toEqual(['5:5 config_missing_field', '5:22 config_wrong_type'])
  expect(places('{ system_id_or_name: 5, dept: 1 }')).toEqual([
    '5:34 config_wrong_type',
    '5:37 config_unknown_field',
  ])
  expect(places('{ system_id_or_name: x, mode: slow }')).toEqual(['5:43 config_wrong_value'])
  expect(places('{ system_id_or_name: x, nested: { off: true } }')).toEqual([
    '5:37 config_missing_field',
    '5:47 config_unknown_field',
  ])
  expect(places('{ system_id_or_name: x, tags: [a, 5] }')).toEqual(['5:47 config_wrong_type'])
  expect(places(`{ system_id_or_name: '\${{ "x" }}', depth: '\${{ 1 }}' }`)).toEqual([])
  expect(placesOf('name: a\nsteps:\n  one: { job_type: metagraph_update }\n', { jobTypes })).toEqual([
    '3:3 config_missing_field',
  ])
  expect(placesOf(text('{}', 'metagraf_update'), { jobTypes })).toEqual(['4:15 unknown_job_type'])
  expect(findingsOf(text('{}', 'metagraf_update'), { jobTypes })[0]?.fix).toContain('metagraph_update')
})

test('a message never holds control characters of a hostile file unescaped in JSON-shown values', () => {
  const [finding] = findingsOf(step('    timeout: "\\e[31mred"\n'))
  expect(finding?.message).toContain('\\u001b')
})

test('a flood of warnings does not hide an error', () => {
  const tokens = Array.from(
    { length: 300 },
    (_, index) => `      t${index}: '\${{ secrets.S${index} }}'`,
  ).join('\n')
  const findings = findingsOf(step(`    config:\n${tokens}\n    nope: 1\n`), { secretNames: [] })
  expect(findings.filter((finding) => finding.severity === 'warning')).toHaveLength(200)
  expect(findings.at(-1)).toMatchObject({ code: 'unknown_field', severity: 'error', line: 306 })
})

test('a flood of errors is cut, and never becomes a plan', () => {
  const keys = Array.from({ length: 1000 }, (_, index) => `key${index}: 1`).join('\n')
  expect(findingsOf(`name: a\nsteps: { s: { job_type: x } }\n${keys}\n`)).toHaveLength(200)
})

test('a text of too many expressions is refused', () => {
  expect(placesOf(step(`    config: { a: "${'${{ 1 }}'.repeat(201)}" }\n`))).toEqual([
    '5:18 too_many_expressions',
  ])
})

test('a pipeline on another connection is not checked against the default server', () => {
  const text = (connection: string) =>
    `name: a\nconnection: ${connection}\nsteps:\n  one: { job_type: theirs }\n  two: { job_type: metagraph_update, config: { theirs: 1, x: "\${{ steps.one.outputs.theirs }}" }, needs: [one] }\n`
  expect(placesOf(text('default'), { jobTypes })).not.toEqual([])
  expect(placesOf(text('partner'), { jobTypes })).toEqual([])
})

test.each(['type', 'description', 'enum', 'default', 'schema'])(
  '`%s` of an input may be anything wrong',
  (field) => {
    for (const value of ['x', '5', 'null', '[[1]]', '{ a: 1 }', '!!binary aGk=', '"${{ 1 }}"']) {
      const others = field === 'type' ? '' : 'type: integer, '
      const text = `name: a\ninputs:\n  n: { ${others}${field}: ${value} }\nsteps:\n  s: { job_type: x, config: { n: "\${{ inputs.n }}" } }\n`
      expect(() => findingsOf(text)).not.toThrow()
    }
  },
)

test('a start with any need: other words, less than two of them, and outputs that may not be there', () => {
  const text = (start: string, needs = '[a, b]', config = '{}') => `name: a
steps:
  a: { job_type: x }
  b: { job_type: x, needs: [a2] }
  a2: { job_type: x }
  s: { job_type: x, needs: ${needs}, start: ${start}, config: ${config} }
  t: { job_type: x, needs: [s, a], config: ${config} }
`
  const startOf = (source: string) => planOf(source).steps.find(({ id }) => id === 's')?.start
  expect([startOf(text('any')), startOf(text('all')), startOf(text('any', '[a]'))]).toEqual([
    'any',
    undefined,
    undefined,
  ])
  expect(findingsOf(text('some'))[0]).toMatchObject({
    line: 6,
    code: 'wrong_value',
    message: '`start` cannot be text "some"',
  })
  expect(placesOf(text('any', '[a]'))).toEqual(['6:33 unused_start'])
  expect(placesOf(text('any', '[a, b]', '{ v: "${{ steps.b.outputs.v }}" }'))).toEqual([
    '6:66 output_may_be_missing',
    '7:54 output_may_be_missing',
  ])
  // What stands before each of its needs is done, and so is what a later step waits for by itself.
  expect(placesOf(text('any', '[b, a2]', '{ v: "${{ steps.a2.outputs.v }}" }'))).toEqual([])
  expect(
    placesOf(
      text('any').replace(
        'needs: [s, a], config: {}',
        'needs: [s, a], config: { v: "${{ steps.a.outputs.v }}" }',
      ),
    ),
  ).toEqual([])
  for (const guarded of [
    '{ v: "${{ has(steps.b.outputs.v) ? steps.b.outputs.v : 0 }}" }',
    '{ v: "${{ steps.b.status == \'completed\' ? steps.b.outputs.v : 0 }}" }',
  ])
    expect(placesOf(text('any', '[a, b]', guarded))).toEqual([])
  const asked = 'any, if: "${{ steps.b.status == \'completed\' }}"'
  expect(placesOf(text(asked, '[a, b]', '{ v: "${{ steps.b.outputs.v }}" }'))).toEqual([
    '7:54 output_may_be_missing',
  ])
})

test('fields of one’s own, for anchors, that begin with `x-`: at the top only', () => {
  const text = `name: a
x-base: &base { job_type: x, timeout: 5m }
x-more: [1, { any: "\${{ thing }}" }]
steps:
  one: { <<: *base }
  two: { <<: [{ timeout: 7m }, *base], needs: [one] }
`
  expect(planOf(text).steps.map(({ target, timeoutMs }) => [target, timeoutMs])).toEqual([
    [{ kind: 'job_type', jobType: 'x' }, 300_000],
    [{ kind: 'job_type', jobType: 'x' }, 420_000],
  ])
  expect(placesOf(text.replace('5m', '5').replace('any:', '__proto__:'))).toEqual([
    '2:39 bad_duration',
    '3:15 forbidden_key',
  ])
  expect(placesOf(text.replace('needs:', 'x-needs:'))).toEqual(['6:40 unknown_field'])
  expect(placesOf(text.replace('x-more', 'xmore'))).toEqual(['3:1 unknown_field'])
  const many = Array.from({ length: 400 }, (_, index) => `  s${index}: { <<: *base }\n`).join('')
  expect(planOf(`${text}${many}`).steps).toHaveLength(402)
})
