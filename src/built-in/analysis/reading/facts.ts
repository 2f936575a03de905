import { isLimit, without } from '../language/parameters.ts'
import type { Fact } from './model.ts'

/** What is no statement about the design: results, and figures that are about other figures. */
const notDesign =
  /^(?:measured|actual|observed|tested|margin|reserve|tolerance|step|resolution|remaining|total|sum|difference|delta|error|change|increase|reduction)$/

/**
 * Makes the words of a bound part of the size: a "max current" of 2 A is a current of at most 2 A; a limit keeps its
 * words and is a point: "rated for up to 5 A" is a rating of 5 A. Undefined for what says nothing about the design.
 */
export function makeFact(fact: Fact): Fact | undefined {
  const { parameter, measure } = fact
  const { value, lower, upper } = measure
  if (parameter.qualifiers.some((word) => notDesign.test(word))) return undefined
  const bare = { ...measure, value: undefined, lower: undefined, upper: undefined }
  if (isLimit(parameter)) {
    const point = value ?? (lower === undefined ? upper : undefined)
    const limit = point === undefined ? measure : { ...bare, value: point }
    return { ...fact, parameter: without(parameter, 'max', 'continuous'), measure: limit }
  }
  if (parameter.qualifiers.includes('max'))
    return { ...fact, parameter: without(parameter, 'max'), measure: { ...bare, upper: upper ?? value } }
  if (parameter.qualifiers.includes('min'))
    return { ...fact, parameter: without(parameter, 'min'), measure: { ...bare, lower: lower ?? value } }
  return fact
}
