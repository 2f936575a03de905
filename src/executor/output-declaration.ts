import type { z } from 'zod'
import { suggest } from '../base/suggest.ts'
import { bareMediaType } from '../contract/index.ts'
import { JobRunError } from '../job-types/errors.ts'
import type { AnyJobType } from '../job-types/types.ts'

/** What a job type says of its outputs; one that says nothing may store what it likes. */
export interface OutputDeclaration {
  /**
   * What the declared schema makes of a value, so that nothing is stored but what it describes.
   * @throws JobRunError `undeclared_output`, `invalid_output`
   */
  parse(name: string, value: unknown): Promise<unknown>
  /** The same for content that is stored as it is: text, or JSON by its media type; of other content only the name counts. */
  check(name: string, content: string | Uint8Array, mediaType: string): Promise<void>
  /** @throws JobRunError `missing_output` */
  requireAll(stored: ReadonlySet<string>): void
}

const shownProblems = 20

export function createDeclaration({ jobType, outputs }: AnyJobType): OutputDeclaration {
  const schemas = new Map(Object.entries(outputs ?? {}))

  function schemaOf(name: string): z.ZodType | undefined {
    const schema = schemas.get(name)
    if (schema === undefined && schemas.size > 0)
      throw new JobRunError(
        'undeclared_output',
        `job type ${jobType} declares no output ${JSON.stringify(name)}; ${suggest(name, schemas.keys())}`,
      )
    return schema
  }

  async function parse(name: string, value: unknown): Promise<unknown> {
    const schema = schemaOf(name)
    if (schema === undefined) return value
    const parsed = await schema.safeParseAsync(value)
    if (parsed.success) return parsed.data
    const problems = parsed.error.issues
      .slice(0, shownProblems)
      .map((issue) => `/${issue.path.map(String).join('/')}: ${issue.message}`)
    throw new JobRunError(
      'invalid_output',
      `the output ${name} is not what the job type declares: ${problems.join('; ')}`,
    )
  }

  return {
    parse,
    async check(name, content, mediaType) {
      if (schemaOf(name) === undefined) return
      const isJson = bareMediaType(mediaType) === 'application/json'
      if (isJson) await parse(name, jsonOf(content))
      else if (typeof content === 'string') await parse(name, content)
    },
    requireAll(stored) {
      const missing = [...schemas].filter(([name, schema]) => !stored.has(name) && !mayBeMissing(schema))
      if (missing.length === 0) return
      const names = missing.map(([name]) => name).join(', ')
      const there = stored.size === 0 ? 'it stored none' : `it stored ${[...stored].join(', ')}`
      throw new JobRunError(
        'missing_output',
        `job type ${jobType} declares ${names}, which the handler did not store; ${there}; one that a run may do without is declared .optional()`,
      )
    },
  }
}

/** The text itself where it is no JSON: the schema has the say. */
function jsonOf(content: string | Uint8Array): unknown {
  const text = typeof content === 'string' ? content : new TextDecoder().decode(content)
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function mayBeMissing(schema: z.ZodType): boolean {
  return schema.def.type === 'optional'
}
