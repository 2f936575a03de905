import { slugOf } from '../language/names.ts'
import { isLimit, parameterKey } from '../language/parameters.ts'
import type { Fact, Model } from '../reading/model.ts'
import { groupBy } from '../reading/model.ts'
import { distinctPlaces, type Finding, isAbove, nameOf, placeText, type Rule, sizeText } from './rule.ts'

const differ = (one: number, other: number, rounding: number): boolean =>
  isAbove(one, other, rounding) || isAbove(other, one, rounding)

/** Whether two sizes of the same parameter cannot both be right. A size beyond a one-sided bound is another rule's. */
export function contradict(one: Fact, other: Fact): boolean {
  const [a, b] = [one.measure, other.measure]
  if (one.table !== undefined && one.table === other.table) return false
  if (a.approximate || b.approximate || a.unit.dimension !== b.unit.dimension) return false
  const rounding = Math.max(a.rounding, b.rounding)
  const required = one.origin === 'requirement' || other.origin === 'requirement'
  const outside = (value: number, { lower, upper }: { lower?: number; upper?: number }): boolean =>
    lower !== undefined &&
    upper !== undefined &&
    (isAbove(value, upper, rounding) || isAbove(lower, value, rounding))
  if (a.value !== undefined && b.value !== undefined) {
    if (a.upper === undefined && b.upper === undefined) return differ(a.value, b.value, rounding)
    return !(
      (a.upper !== undefined && !outside(b.value, a)) ||
      (b.upper !== undefined && !outside(a.value, b))
    )
  }
  if (a.value !== undefined) return !required && outside(a.value, b)
  if (b.value !== undefined) return !required && outside(b.value, a)
  const sides = [a, b].map(({ lower, upper }) => `${lower !== undefined}${upper !== undefined}`)
  if (sides[0] !== sides[1]) return false
  const low = a.lower !== undefined && b.lower !== undefined ? [a.lower, b.lower] : [0, 0]
  const high = a.upper !== undefined && b.upper !== undefined ? [a.upper, b.upper] : [0, 0]
  const [lowA = 0, lowB = 0, highA = 0, highB = 0] = [...low, ...high]
  if (!differ(lowA, lowB, rounding) && !differ(highA, highB, rounding)) return false
  if (!required) return true
  // A design may do more than is required; it must not do it partly.
  const within = (lowIn: number, highIn: number, lowOut: number, highOut: number): boolean =>
    !isAbove(lowOut, lowIn, rounding) && !isAbove(highIn, highOut, rounding)
  return sides[0] === 'truetrue' && !within(lowA, highA, lowB, highB) && !within(lowB, highB, lowA, highA)
}

function finding(model: Model, facts: readonly Fact[]): Finding[] {
  const seen: Fact[] = []
  for (const fact of facts.slice(0, 100))
    if (seen.length === 0 || (seen.some((earlier) => contradict(earlier, fact)) && seen.length < 10))
      seen.push(fact)
  const first = facts.find((fact) => seen.some((other) => other !== fact && contradict(fact, other)))
  const against = seen.filter((fact) => first !== undefined && contradict(first, fact))
  const [second] = against
  if (first === undefined || second === undefined) return []
  const name = nameOf(model, first.entity)
  const { noun, qualifiers } = first.parameter
  const label = [...qualifiers, noun].join(' ')
  const all = [first, ...against]
  const sizes = [...new Set(all.map(({ measure }) => sizeText(measure)))]
  const said = all.map(
    ({ measure, place, origin }) =>
      `${placeText(place)} ${origin === 'requirement' ? 'requires' : 'says'} ${sizeText(measure)}`,
  )
  const [x, y] = [first.measure, second.measure].map(({ value, upper, lower }) =>
    Math.abs(value ?? upper ?? lower ?? 0),
  )
  const ratio = Math.max(x ?? 0, y ?? 0) / Math.min(x ?? 0, y ?? 0)
  return [
    {
      title: `${name}: contradicting ${label} (${sizes.join(', ')})`,
      description: `The ${label} of ${name} differs between its sources: ${said.join('; ')}. Decide which value holds and correct the other.`,
      priority: ratio >= 1.1 || all.some(({ origin }) => origin === 'requirement') ? 'high' : 'medium',
      tags: ['contradiction', slugOf(noun)],
      places: distinctPlaces(all.map(({ place }) => place)),
    },
  ]
}

/** The same parameter of the same thing with different values in different places. */
export const contradictingValues: Rule = {
  name: 'contradicting-values',
  find(model) {
    const facts = model.facts.filter(({ origin, parameter }) => origin === 'design' || !isLimit(parameter))
    const groups = groupBy(facts, ({ entity, parameter, condition }) =>
      [entity, parameterKey(parameter), condition].join('\n'),
    )
    return [...groups.values()].flatMap((group) => (group.length < 2 ? [] : finding(model, group)))
  },
}
