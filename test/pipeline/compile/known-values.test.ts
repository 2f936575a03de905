// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the marks of our own templates
import { expect, test } from 'vitest'
import { z } from 'zod'
import { createRegistry, defineJobType } from '../../../src/job-types/index.ts'
import { findingsOf, placesOf } from './helpers.ts'

const probe = defineJobType({
  jobType: 'probe',
  displayName: 'Probe',
  description: 'Has fields and outputs of every sort.',
  config: z.strictObject({
    url: z.url().optional(),
    port: z.int().max(65_535).optional(),
    ratio: z.number().nullable().optional(),
    name: z.string().min(2).optional(),
    mode: z.enum(['fast', 'slow']).optional(),
    tags: z.array(z.string()).optional(),
    dry: z.boolean().optional(),
    either: z.union([z.string(), z.array(z.number())]).optional(),
    source: z.strictObject({ path: z.string(), line: z.int().optional() }).optional(),
    loose: z.record(z.string(), z.unknown()).optional(),
    any: z.unknown().optional(),
  }),
  outputs: {
    count: z.int(),
    title: z.string(),
    level: z.enum(['low', 'high']),
    issues: z.array(
      z.object({ title: z.string(), priority: z.enum(['low', 'high']), line: z.int().nullable() }),
    ),
    sum: z.object({ bytes: z.number(), words: z.array(z.string()) }),
    open: z.looseObject({ known: z.string() }),
    maybe: z.object({ a: z.string() }).nullable(),
    tree: z.object({
      name: z.string(),
      get children() {
        return z.array(z.unknown())
      },
    }),
  },
  run: async () => undefined,
})
const jobTypes = createRegistry([probe]).schemas()

/** A step `one`, and a step `two` after it with these lines. */
const file = (lines: string) => `name: a
inputs:
  units: { type: array, default: [] }
  system: { type: string, default: x }
  limit: { type: integer, default: 1 }
  ratio: { type: number, default: 1 }
  severity: { type: string, enum: [low, medium, high], default: low }
  options: { type: object, default: {} }
  dry: { type: boolean, default: true }
steps:
  one: { job_type: probe }
  each: { job_type: probe, for_each: [1, 2] }
  two:
    needs: [one, each]
    job_type: probe
${lines
  .split('\n')
  .map((line) => `    ${line}\n`)
  .join('')}`
const said = (lines: string) =>
  findingsOf(file(lines), { jobTypes }).map(({ line, severity, code, message, fix }) => {
    const place = line > 15 ? `${line - 15} ` : `line ${line} `
    return `${place}${severity === 'warning' ? 'warning ' : ''}${code}: ${message} → ${fix}`
  })

test.each([
  [
    'a field of an output',
    'if: ${{ steps.one.outputs.sum.byte > 0 }}',
    /^1 unknown_member: `steps\.one\.outputs\.sum` has no field `byte` → did you mean `bytes`\?$/,
  ],
  [
    'a field beside a condition',
    'if: ${{ inputs.dry || steps.one.outputs.sum.byte > 0 }}',
    /^1 unknown_member/,
  ],
  [
    'a field of an item of an output',
    'config: { name: "${{ steps.one.outputs.issues[0].titel }}" }',
    /unknown_member: .*`titel` → did you mean `title`/,
  ],
  [
    'a field in a macro',
    'config: { tags: "${{ steps.one.outputs.issues.map(i, i.titel) }}" }',
    /unknown_member: `i` has no field `titel`/,
  ],
  ['a field of what can be null', 'config: { name: "${{ steps.one.outputs.maybe.b }}" }', /unknown_member/],
  [
    'a field of an output of a for_each',
    'config: { any: "${{ steps.each.outputs.sum.map(s, s.byte) }}" }',
    /unknown_member/,
  ],
  [
    'a field of a list',
    'config: { any: "${{ steps.each.outputs.sum.bytes }}" }',
    /expression_type: `\.bytes` needs a map, but `steps\.each\.outputs\.sum` is a list/,
  ],
  [
    'a field of an item',
    'for_each: ${{ steps.one.outputs.issues }}\nconfig: { name: "${{ item.titel }}" }',
    /^2 unknown_member: `item` has no field `titel`/,
  ],
  [
    'a field of an item in the file',
    'for_each: [{ a: x }, { a: y, b: z }]\nconfig: { name: "${{ item.c }}" }',
    /^2 unknown_member: `item` has no field `c` → did you mean `a`\?$/,
  ],
  [
    'a field of a filtered item',
    'for_each: ${{ steps.one.outputs.issues.filter(i, i.priority == "high") }}\nconfig: { name: "${{ item.name }}" }',
    /^2 unknown_member/,
  ],
  [
    'a number as `if`',
    'if: ${{ steps.one.outputs.count }}',
    /condition_not_boolean: `if` must be true or false, this expression is a whole number/,
  ],
  ['an input of numbers as `if`', 'if: ${{ inputs.ratio }}', /condition_not_boolean/],
  ['a number written as `if`', 'if: 5', /bad_condition/],
  [
    'a number as `for_each`',
    'for_each: ${{ inputs.ratio * 2 }}',
    /for_each_not_list: `for_each` needs a list, this expression is a number/,
  ],
  [
    'an output that is no list as `for_each`',
    'for_each: ${{ steps.one.outputs.sum }}',
    /for_each_not_list: .* a map/,
  ],
  ['a number written as `for_each`', 'for_each: 5', /wrong_type/],
  [
    'a list where a number belongs',
    'config: { port: "${{ inputs.units }}" }',
    /config_wrong_type: config\.port must be a whole number, found an expression that gives a list/,
  ],
  ['a list in a sum', 'if: ${{ steps.one.outputs.count + inputs.units > 2 }}', /expression_type/],
  [
    'text in a product',
    'config: { port: "${{ steps.one.outputs.title * 2 }}" }',
    /expression_type: `\*` needs a number, but `steps\.one\.outputs\.title` is text/,
  ],
  ['text compared with a number', 'if: ${{ steps.one.outputs.title > 2 }}', /expression_type/],
  [
    'a method of a text on a number',
    'if: ${{ steps.one.outputs.count.startsWith("x") }}',
    /expression_type: \.startsWith\(\) needs text/,
  ],
  [
    'text for a boolean',
    'config: { dry: "${{ steps.one.outputs.title }}" }',
    /config_wrong_type: config\.dry must be true or false/,
  ],
  [
    'text with an expression for a number',
    'config: { port: "80${{ inputs.limit }}" }',
    /config_wrong_type: .*gives text/,
  ],
  ['a secret for a number', 'config: { port: "${{ secrets.PORT }}" }', /config_wrong_type/],
  [
    'a number with a point for a whole one',
    'config: { port: "${{ 1.5 }}" }',
    /config_wrong_type: config\.port must be integer, found 1\.5/,
  ],
  ['null for what may not be null', 'config: { name: "${{ null }}" }', /config_wrong_type/],
  [
    'none of several sorts',
    'config: { either: "${{ inputs.dry }}" }',
    /config_wrong_type: config\.either must be text or a list/,
  ],
  [
    'values of which none is taken',
    'config: { mode: "${{ inputs.severity }}" }',
    /config_wrong_type: config\.mode must be "fast" or "slow", found an expression that gives "low" or "medium" or "high"/,
  ],
  [
    'a constant of a wrong format',
    `config: { url: "\${{ 'nowhere' }}" }`,
    /config_wrong_value: config\.url must match format "uri", found "nowhere"/,
  ],
  [
    'a whole map that lacks a field',
    `config: { source: "\${{ {'line': inputs.limit} }}" }`,
    /config_missing_field: config\.source\.path is required/,
  ],
  [
    'a whole map with an unknown field',
    `config: { source: "\${{ {'path': inputs.system, 'lin': 1} }}" }`,
    /config_unknown_field: config\.source\.lin/,
  ],
  [
    'a whole config of the wrong type',
    'config: ${{ inputs.units }}',
    /config_wrong_type: config must be a map/,
  ],
  ['a field of a whole config', `config: "\${{ {'prt': 1} }}"`, /config_unknown_field: config\.prt/],
  [
    'an expression in a list',
    'config: { tags: [a, "${{ inputs.limit }}"] }',
    /config_wrong_type: config\.tags\[1\] must be text/,
  ],
  [
    'one of the items',
    'for_each: ["https://a.example", nowhere]\nconfig: { url: "${{ item }}" }',
    /^2 config_wrong_value: .* found "nowhere" for item 1/,
  ],
  [
    'a field of one of the items',
    'for_each: [{ p: 1 }, { p: x }]\nconfig: { port: "${{ item.p }}" }',
    /^2 config_wrong_type: .* found "x" for item 1/,
  ],
  [
    'items of which none fits',
    'for_each: ${{ steps.one.outputs.issues }}\nconfig: { port: "${{ item.title }}" }',
    /^2 config_wrong_type/,
  ],
  ['`index` for text', 'for_each: [1]\nconfig: { name: "${{ index }}" }', /^2 config_wrong_type/],
  [
    'a word that no status is',
    'if: ${{ steps.one.status == "succeeded" }}',
    /unknown_status: no step has the status `succeeded` → did you mean `completed`\?/,
  ],
  [
    'such a word on the left',
    'if: ${{ "faild" != steps.one.status }}',
    /unknown_status: .* → did you mean `failed`\?/,
  ],
  [
    'such a word in a list',
    'if: ${{ steps.one.status in ["completed", "skiped"] }}',
    /unknown_status: .* → did you mean `skipped`\?/,
  ],
  [
    'a value that an input never has',
    'if: ${{ inputs.severity == "hgih" }}',
    /warning never_equal: these two are never equal: "low" or "medium" or "high" and "hgih"/,
  ],
  [
    'a value that an output never has',
    'if: ${{ steps.one.outputs.level == "medium" }}',
    /warning never_equal/,
  ],
])('%s is found', (_, lines, expected) => {
  expect(said(lines)).toEqual([expect.stringMatching(expected)])
})

test('a job_id that is no text', () => {
  const text = 'name: a\nsteps: { one: { job_id: "${{ index }}", for_each: [1] } }\n'
  expect(placesOf(text)).toEqual(['2:25 wrong_type'])
})

test.each([
  [
    'fields that are there',
    'if: ${{ steps.one.outputs.issues.exists(i, i.priority == "high" && i.line > 3) }}',
  ],
  ['what an open output may have', 'config: { name: "${{ steps.one.outputs.open.other }}" }'],
  [
    'a field that the expression asks for',
    'config: { any: "${{ has(steps.one.outputs.sum.x) ? steps.one.outputs.sum.x : 0 }}" }',
  ],
  [
    'a field that the expression looks for',
    `if: \${{ 'x' in steps.one.outputs.sum && steps.one.outputs.sum.x > 0 }}`,
  ],
  [
    'a field that some items have',
    'for_each: [{ a: 1 }, { a: 2, b: 3 }]\nconfig: { any: "${{ has(item.b) ? item.b : item.a }}" }',
  ],
  ['items of several sorts', `for_each: [auto, 5]\nconfig: { any: "\${{ item == 'auto' || item > 4 }}" }`],
  [
    'an item that is only one of several sorts',
    `for_each: [auto]\nconfig: { any: "\${{ item == 'auto' || item > 4 }}" }`,
  ],
  ['whole numbers for a number', 'config: { ratio: "${{ inputs.limit }}" }'],
  ['a number that may be whole', 'config: { port: "${{ inputs.ratio }}" }'],
  ['a product that may be whole', 'config: { port: "${{ 0.5 * inputs.limit }}" }'],
  ['a double that is whole', 'config: { port: "${{ 2.0 }}" }'],
  ['null where it may be', 'config: { ratio: "${{ null }}" }'],
  ['one of several sorts', 'config: { either: "${{ inputs.units }}" }'],
  ['an empty list of another sort', 'config: { tags: "${{ inputs.units.filter(u, u > 1) }}" }'],
  ['values of which some are taken', `config: { mode: "\${{ inputs.dry ? 'fast' : inputs.system }}" }`],
  ['null asked for', 'if: ${{ steps.one.outputs.title != null }}'],
  ['statuses', `if: \${{ steps.one.status == 'completed' && steps.each.status in ['failed', 'skipped'] }}`],
  ['a status as text', 'config: { name: "${{ steps.one.status }}" }'],
  [
    'what an object holds',
    'config: { port: "${{ inputs.options.port }}", dry: "${{ inputs.options[inputs.system] }}" }',
  ],
  ['dyn()', 'config: { any: "${{ dyn(inputs.system) }}" }'],
  ['a map of anything', `config: { loose: "\${{ {'a': 1, inputs.system: [2]} }}" }`],
  ['a run', 'config: { any: "${{ steps.one.run.uuid }}", name: "${{ steps.one.job.uuid }}" }'],
])('%s has no finding', (_, lines) => {
  expect(said(lines)).toEqual([])
})
