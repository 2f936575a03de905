import { canonicalJson, type Json, type JsonObject } from '../base/json.ts'
import type { JobTypeSchemaEntry } from '../contract/index.ts'
import { essenceOf, type JobTypeEssence } from './essence.ts'
import { isObject } from './schema.ts'
import { type TypeAlias, typeOfSchema } from './typescript/convert.ts'
import { docLines } from './typescript/doc.ts'
import { escaped, pascalCase } from './typescript/names.ts'
import { printDoc, printProperty, printType } from './typescript/print.ts'
import { type TypeNode, unknownType } from './typescript/type-node.ts'

/** Names a file as ours, whatever a formatter makes of the rest. */
const mark = '// Written by `jobwright types`.'
const schemaLine = '// schema '

/**
 * The module that declares the job types for TypeScript: the same text for the same schemas, whatever their order. The schemas
 * themselves stand in comments, one a line, so that a later look can name what has changed since.
 * @param command writes the file again
 */
export function typesFile(entries: readonly JobTypeSchemaEntry[], command: string): string {
  const sorted = entries.toSorted((a, b) => (a.job_type < b.job_type ? -1 : 1))
  const taken = new Set(['JobTypes'])
  const declared = sorted.map((entry) => declaration(entry, taken))
  const aliases = declared.flatMap((one) => one.aliases).map(printAlias)
  return [
    `${mark} Write it again after a change of the server's job types:`,
    `//   ${escaped(command)}`,
    `// With --check instead, it says what has changed, and fails.`,
    '',
    "import type {} from 'jobwright'",
    '',
    ...aliases.flatMap((alias) => [alias, '']),
    "declare module 'jobwright' {",
    '  interface JobTypes {',
    declared.map(({ text }) => text).join('\n\n'),
    '  }',
    '}',
    '',
    '// What --check compares with.',
    ...sorted.map(
      (entry) => `${schemaLine}${escaped(canonicalJson(essenceOf(entry) as unknown as JsonObject))}`,
    ),
    '',
  ]
    .filter((line, index, all) => line !== '' || all[index - 1] !== '')
    .join('\n')
}

/** The schemas that a file was written from; undefined for one that we did not write. */
export function readTypesFile(text: string): JobTypeEssence[] | undefined {
  const lines = text.split(/\r?\n/)
  if (!lines.some((line) => line.startsWith(mark))) return undefined
  const schemas = lines
    .filter((line) => line.startsWith(schemaLine))
    .map((line) => line.slice(schemaLine.length))
  try {
    return schemas.map((json) => readEssence(JSON.parse(json) as Json))
  } catch {
    return undefined
  }
}

function readEssence(value: Json): JobTypeEssence {
  if (!isObject(value) || typeof value['job_type'] !== 'string') throw new Error('not what was written')
  const { job_type, config = {}, outputs } = value
  return { job_type, config, ...(isObject(outputs) ? { outputs } : {}) }
}

function declaration(entry: JobTypeSchemaEntry, taken: Set<string>): { text: string; aliases: TypeAlias[] } {
  const { job_type, description, json_schema, output_schemas = {} } = entry
  const name = pascalCase(job_type)
  const config = typeOfSchema(json_schema, { name: `${name}Config`, taken, without: 'job_type' })
  const outputs = Object.entries(output_schemas).map(([output, schema]) => ({
    output,
    ...typeOfSchema(schema, { name: name + pascalCase(output), taken }),
  }))
  const indent = '    '
  const fields = outputs.map(({ output, type }) => ({ name: output, type, optional: false, doc: [] }))
  const outputsType: TypeNode =
    fields.length > 0 ? { kind: 'object', fields } : { kind: 'object', fields, index: unknownType }
  const shape: TypeNode = {
    kind: 'object',
    fields: [
      { name: 'config', type: config.type, optional: false, doc: [] },
      { name: 'outputs', type: outputsType, optional: false, doc: [] },
    ],
  }
  const whole = { name: job_type, type: shape, optional: false, doc: docLines(description) }
  return {
    text: indent + printProperty(whole, indent),
    aliases: [config, ...outputs].flatMap(({ aliases }) => aliases),
  }
}

function printAlias({ name, type, doc }: TypeAlias): string {
  const text = printType(type)
  return `${printDoc(doc, '')}type ${name} =${text.startsWith('\n') ? '' : ' '}${text}`
}
