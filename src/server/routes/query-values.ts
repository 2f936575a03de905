import { z } from 'zod'
import type { ProblemDetail } from '../services/problems.ts'
import { textProblem } from './json-text.ts'

/**
 * What a query carries, before it is checked against its schema: lists where a field is one, and numbers read. A number
 * is decimal digits, with a fraction where it need not be whole; no sign, exponent, blank or other base. The text stays
 * where it is none.
 */
export function queryValues(
  schema: z.ZodObject | undefined,
  query: URLSearchParams,
  problems: ProblemDetail[],
): Record<string, unknown> {
  const values: [string, unknown][] = []
  for (const name of new Set(query.keys())) {
    const given = query.getAll(name)
    const pointer = `?${name.replaceAll('\0', '\ufffd')}`
    for (const text of [name, ...given]) {
      const problem = textProblem(text)
      if (problem) problems.push({ pointer, detail: problem })
    }
    const field = unwrapped(
      schema && Object.hasOwn(schema.shape, name) ? (schema.shape[name] as z.ZodType) : undefined,
    )
    const isList = field instanceof z.ZodArray
    if (field && !isList && given.length > 1)
      problems.push({ pointer, detail: `is given ${given.length} times; expected once` })
    const [text = ''] = given
    if (field instanceof z.ZodNumber) values.push([name, readNumber(field, text, pointer, problems)])
    else values.push([name, isList ? given : text])
  }
  return Object.fromEntries(values)
}

function unwrapped(schema: z.ZodType | undefined): z.ZodType | undefined {
  return schema instanceof z.ZodOptional ? unwrapped(schema.unwrap() as z.ZodType) : schema
}

function readNumber(
  field: z.ZodNumber,
  text: string,
  pointer: string,
  problems: ProblemDetail[],
): number | string {
  const form = field.isInt ? /^\d+$/ : /^\d+(\.\d+)?$/
  if (form.test(text) && Number.isFinite(Number(text))) return Number(text)
  const expected = field.isInt ? 'decimal digits, such as 20' : 'decimal digits, such as 20 or 0.5'
  problems.push({
    pointer,
    detail: `${JSON.stringify(text.slice(0, 60))} is no number; expected ${expected}`,
  })
  return text
}
