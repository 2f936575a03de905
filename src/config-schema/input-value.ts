import type { Json, JsonObject } from '../base/json.ts'
import { checkValue } from './checker.ts'
import { UnusableSchemaError } from './compile.ts'

/**
 * What the schema of an input refuses of a value, each to be read after the input's name; without a value, whether it can be used at all.
 */
export function problemsOfInput(
  schema: JsonObject,
  value: Json | undefined,
): { problems: string[] } | { unusable: string } {
  try {
    const problems = checkValue(schema, value).filter(({ superfluous }) => !superfluous)
    return {
      problems: problems.map(({ pointer, keyword, message }) => {
        const said = keyword === 'additionalProperties' ? 'is none of its fields' : message
        return pointer === '' ? ` ${said}` : `: ${pointer} ${said}`
      }),
    }
  } catch (error) {
    if (error instanceof UnusableSchemaError) return { unusable: error.reason }
    throw error
  }
}
