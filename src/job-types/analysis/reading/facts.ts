import type { Measure } from '../language/measures.ts'
import { isLimit, type Parameter } from '../language/parameters.ts'
import type { Fact } from './model.ts'

const measuredWords = new Set([
  'measured',
  'actual',
  'observed',
  'tested',
  'margin',
  'reserve',
  'tolerance',
  'step',
  'resolution',
])

/**
 * Makes the words of a bound part of the size: a "max current" of 2 A is a current of at most 2 A. Limits keep theirs:
 * a maximum rating is still a rating. Undefined for what is no statement about the design (measured values, margins).
 */
export function makeFact(fact: Fact): Fact | undefined {
  const { qualifiers, noun, label } = fact.parameter
  if (qualifiers.some((word) => measuredWords.has(word))) return undefined
  const without = (word: string): Parameter => ({
    noun,
    label,
    qualifiers: qualifiers.filter((qualifier) => qualifier !== word),
  })
  const { value, ...rest } = fact.measure
  if (qualifiers.includes('max')) {
    if (isLimit(fact.parameter)) return { ...fact, parameter: without('max') }
    const upper = fact.measure.upper ?? value
    return upper === undefined
      ? undefined
      : { ...fact, parameter: without('max'), measure: withoutLower({ ...rest, upper }) }
  }
  if (qualifiers.includes('min')) {
    const lower = fact.measure.lower ?? value
    return lower === undefined
      ? undefined
      : { ...fact, parameter: without('min'), measure: withoutUpper({ ...rest, lower }) }
  }
  // The bound of a limit is the limit: "rated for up to 5 A" is a rating of 5 A.
  if (
    isLimit(fact.parameter) &&
    value === undefined &&
    fact.measure.upper !== undefined &&
    fact.measure.lower === undefined
  )
    return { ...fact, measure: { ...withoutUpper(fact.measure), value: fact.measure.upper } }
  return fact
}

function withoutLower({ lower: _, ...measure }: Measure): Measure {
  return measure
}

function withoutUpper({ upper: _, ...measure }: Measure): Measure {
  return measure
}
