import { execFile } from 'node:child_process'
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { pointerPath } from '../../src/base/json-pointer.ts'
import { builtInJobTypes } from '../../src/built-in/index.ts'
import type { JobTypeSchemaEntry } from '../../src/contract/index.ts'
import {
  essenceOf,
  jobTypeDigest,
  readTypesFile,
  schemaDrift,
  typesFile,
} from '../../src/job-type-schemas/index.ts'
import { createRegistry } from '../../src/job-types/index.ts'
import { makeUserProject } from '../helpers/user-project.ts'
import { repository } from '../public/surface.ts'
import { entryOf, typeErrors } from './helpers.ts'

const builtIn = createRegistry(builtInJobTypes).schemas()
const command = 'jobwright types --out types.ts'

let folder: string
beforeAll(async () => {
  folder = await makeUserProject('types-file')
  const types = path.join(folder, 'node_modules', '@types')
  await mkdir(types)
  await symlink(path.join(repository, 'node_modules', '@types', 'node'), path.join(types, 'node'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

test('declares configs without job_type and with what may be left out, and outputs', async () => {
  const use = [
    "import type { JobTypes } from 'jobwright'",
    "export const one: JobTypes['sleep']['config'] = { duration: '1s' }",
    "export const slept = (outputs: JobTypes['sleep']['outputs']): number => outputs.slept.ms",
    "export const any = (outputs: JobTypes['free-for-all']['outputs']): unknown => outputs['whatever']",
    '// @ts-expect-error: no such field',
    "export const bad: JobTypes['sleep']['config'] = { duration: '1s', durration: '1s' }",
    '// @ts-expect-error: no such output',
    "export const none = (outputs: JobTypes['sleep']['outputs']): unknown => outputs.naps",
  ]
  const files = {
    'types.ts': typesFile([...builtIn, entryOf('free-for-all')], command),
    'use.ts': `${use.join('\n')}\n`,
  }
  const options = { types: ['node'], allowImportingTsExtensions: true, skipLibCheck: true }
  expect(await typeErrors(folder, files, options)).toEqual([])
})

test('nothing that a server says gets out of its comment or its quotes', async () => {
  const nasty = [
    '*/ export const gotcha = 1 /*',
    "'; declare global { var gotcha: 1 } //",
    '\u2028gotcha()\n`$' + '{gotcha}`\\',
    '\u202egotcha',
  ]
  const entries = nasty.map((text, index) =>
    entryOf(`${text}${index}`, {
      description: text,
      json_schema: {
        title: text,
        properties: {
          [text]: { description: text, default: text, enum: [text] },
          it: { $ref: `#/$defs/${encodeURIComponent(text.replaceAll('/', '~1'))}` },
        },
        $defs: { [text]: { description: text, type: 'string' } },
      },
      output_schemas: { [text]: { const: { [text]: text } } },
    }),
  )
  const file = typesFile(entries, `jobwright types --out ${nasty[2]}`)
  expect(readTypesFile(file)).toHaveLength(nasty.length)
  expect(file).not.toMatch(/[\u2028\u202e]/)
  const use =
    "// @ts-expect-error: there is none\nexport const it = gotcha\nexport * from './types.ts'\n// @ts-expect-error: nor here\nexport { gotcha } from './types.ts'\n"
  const options = { types: ['node'], allowImportingTsExtensions: true, skipLibCheck: true }
  expect(await typeErrors(folder, { 'types.ts': file, 'use.ts': use }, options)).toEqual([])
})

test('is the same text in whatever order things come, as a formatter leaves it', async () => {
  const turned = (value: unknown): unknown =>
    value !== null && typeof value === 'object' && !Array.isArray(value)
      ? Object.fromEntries(
          Object.entries(value)
            .toReversed()
            .map(([key, one]) => [key, turned(one)]),
        )
      : value
  const text = typesFile(builtIn, command)
  expect(typesFile(builtIn.toReversed(), command)).toBe(text)
  expect(readTypesFile(text)).toEqual(readTypesFile(typesFile(turnedAll(builtIn, turned), command)))
  await writeFile(path.join(folder, 'formatted.ts'), text)
  const biome = path.join(repository, 'node_modules', '@biomejs', 'biome', 'bin', 'biome')
  const style = [
    '--line-width=110',
    '--indent-style=space',
    '--javascript-formatter-quote-style=single',
    '--semicolons=as-needed',
  ]
  await promisify(execFile)(process.execPath, [biome, 'format', ...style, 'formatted.ts'], { cwd: folder })
})

const turnedAll = (entries: readonly JobTypeSchemaEntry[], turned: (value: unknown) => unknown) =>
  entries.map((entry) => turned(entry) as JobTypeSchemaEntry)

test('a file of somebody else, or with a schema that was tampered with, is not read', () => {
  expect(readTypesFile('export const a = 1\n')).toBeUndefined()
  expect(readTypesFile(typesFile(builtIn, command).replace('// schema {', '// schema {,'))).toBeUndefined()
  expect(readTypesFile(typesFile([], command))).toEqual([])
})

describe('what has changed', () => {
  const before = entryOf('probe', {
    json_schema: {
      type: 'object',
      properties: {
        job_type: { const: 'probe' },
        name: { type: 'string', description: 'a name' },
        note: { type: 'string' },
        hosts: { type: 'array', items: { $ref: '#/$defs/host' } },
        limits: { type: 'object', additionalProperties: { type: 'number' } },
        tree: { $ref: '#/$defs/tree' },
      },
      required: ['job_type', 'name'],
      $defs: {
        host: { type: 'object', properties: { url: { type: 'string' } }, required: ['url'] },
        tree: {
          type: 'object',
          properties: { kids: { type: 'array', items: { $ref: '#/$defs/tree' } }, size: { type: 'number' } },
        },
      },
    },
    output_schemas: {
      sum: { type: 'object', properties: { bytes: { type: 'number' } }, required: ['bytes'] },
    },
  })
  const changed = (pointer: string, value: unknown): JobTypeSchemaEntry => {
    const copy = structuredClone(before)
    const path = pointerPath(pointer)
    let holder = copy as unknown as Record<string, unknown>
    for (const key of path.slice(0, -1)) holder = holder[key] as Record<string, unknown>
    holder[path.at(-1) ?? ''] = value
    return JSON.parse(JSON.stringify(copy)) as JobTypeSchemaEntry
  }

  test.each<[field: string, before: string | null, after: string | null, at: string, value: unknown]>([
    ['config.name', 'string', 'number', '/json_schema/properties/name/type', 'number'],
    ['config.name', null, 'minLength 3', '/json_schema/properties/name/minLength', 3],
    ['config.name', 'required', 'optional', '/json_schema/required', ['job_type']],
    ['config.note', 'string', null, '/json_schema/properties/note', undefined],
    ['config.mode', null, "'a' | 'b'", '/json_schema/properties/mode', { enum: ['a', 'b'] }],
    [
      'config.hosts[].url',
      'string',
      'string | null',
      '/json_schema/$defs/host/properties/url/type',
      ['string', 'null'],
    ],
    [
      'config.limits.*',
      'number',
      'boolean',
      '/json_schema/properties/limits/additionalProperties/type',
      'boolean',
    ],
    ['config.tree.size', 'number', 'string', '/json_schema/$defs/tree/properties/size/type', 'string'],
    ['config', null, 'additionalProperties false', '/json_schema/additionalProperties', false],
    ['config', 'another schema', 'the present one', '/json_schema/$defs/unused', { type: 'null' }],
    ['config.description', null, 'string', '/json_schema/properties/description', { type: 'string' }],
    ['outputs.sum.bytes', 'number', 'string', '/output_schemas/sum/properties/bytes/type', 'string'],
    ['outputs.more', null, 'unknown', '/output_schemas/more', {}],
  ])('%s: %s → %s', (field, was, is, pointer, value) => {
    const after = changed(pointer, value)
    expect(schemaDrift([essenceOf(before)], [essenceOf(after)])).toEqual([
      { job_type: 'probe', field, before: was, after: is },
    ])
    expect(jobTypeDigest(after)).not.toBe(jobTypeDigest(before))
  })

  test('job types that came and went are named', () => {
    expect(schemaDrift([essenceOf(before)], [essenceOf(entryOf('other'))])).toEqual([
      { job_type: 'other', field: null, before: null, after: 'offered' },
      { job_type: 'probe', field: null, before: 'offered', after: null },
    ])
  })

  test('words and order are no change', () => {
    const { properties, required, ...rest } = before.json_schema
    const json_schema = {
      required: [...(required as string[])].toReversed(),
      properties: Object.fromEntries(Object.entries(properties as object).toReversed()),
      ...rest,
      description: 'other words',
    }
    const after = { ...before, description: 'other words', json_schema }
    expect(schemaDrift([essenceOf(before)], [essenceOf(after)])).toEqual([])
    expect(jobTypeDigest(after)).toBe(jobTypeDigest(before))
  })
})
