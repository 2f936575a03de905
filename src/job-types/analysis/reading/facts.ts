import type { Measure } from '../language/measures.ts'
import { isLimit, without } from '../language/parameters.ts'
import type { Fact } from './model.ts'

/** What is no statement about the design: results, and figures that are about other figures. */
const notDesign =
  /^(?:measured|actual|observed|tested|margin|reserve|tolerance|step|resolution|remaining|total|sum|difference|delta|error|change|increase|reduction)$/

function bound(
  measure: Measure,
  bounds: { lower?: number | undefined; upper?: number | undefined },
): Measure {
  const { value: _value, lower: _lower, upper: _upper, ...rest } = measure
  const { lower, upper } = bounds
  return {
    ...rest,
    ...(lower === undefined ? {} : { lower }),
    ...(upper === undefined ? {} : { upper }),
  }
}

/**
 * Makes the words of a bound part of the size: a "max current" of 2 A is a current of at most 2 A; a limit keeps its
 * words and is a point: "rated for up to 5 A" is a rating of 5 A. Undefined for what says nothing about the design.
 */
export function makeFact(fact: Fact): Fact | undefined {
  const { parameter, measure } = fact
  const { value, lower, upper } = measure
  if (parameter.qualifiers.some((word) => notDesign.test(word))) return undefined
  if (isLimit(parameter)) {
    const limited = without(parameter, 'max', 'continuous')
    const point = value ?? (lower === undefined ? upper : undefined)
    return point === undefined
      ? { ...fact, parameter: limited }
      : { ...fact, parameter: limited, measure: { ...bound(measure, {}), value: point } }
  }
  if (parameter.qualifiers.includes('max'))
    return {
      ...fact,
      parameter: without(parameter, 'max'),
      measure: bound(measure, { upper: upper ?? value }),
    }
  if (parameter.qualifiers.includes('min'))
    return {
      ...fact,
      parameter: without(parameter, 'min'),
      measure: bound(measure, { lower: lower ?? value }),
    }
  return fact
}
