import { slugOf } from '../language/names.ts'
import { isLimit, parameterKey } from '../language/parameters.ts'
import type { Bounds, Fact, Model } from '../reading/model.ts'
import { distinctPlaces, type Finding, isAbove, nameOf, placeText, type Rule, sizeText } from './rule.ts'

/** 1 when the first is above the second by more than rounding explains, -1 when below, 0 when they agree. */
function order(one: number | undefined, other: number | undefined, rounding: number): -1 | 0 | 1 {
  if (one === undefined || other === undefined) return 0
  return isAbove(one, other, rounding) ? 1 : isAbove(other, one, rounding) ? -1 : 0
}

const isSpan = ({ lower, upper }: Bounds): boolean => lower !== undefined && upper !== undefined

/** Whether two sizes of the same parameter cannot both be right. A size beyond a one-sided bound is another rule's. */
export function contradict(one: Fact, other: Fact): boolean {
  const [a, b] = [one.measure, other.measure]
  if (one.table !== undefined && one.table === other.table) return false
  if (a.approximate || b.approximate || a.unit.dimension !== b.unit.dimension) return false
  const rounding = Math.max(a.rounding, b.rounding)
  const isRequired = one.origin === 'requirement' || other.origin === 'requirement'
  const isInside = (value: number, span: Bounds): boolean =>
    isSpan(span) && order(value, span.lower, rounding) >= 0 && order(value, span.upper, rounding) <= 0
  if (a.value !== undefined && b.value !== undefined)
    return order(a.value, b.value, rounding) !== 0 && !isInside(a.value, b) && !isInside(b.value, a)
  const point = a.value ?? b.value
  const span = a.value === undefined ? a : b
  if (point !== undefined) return !isRequired && isSpan(span) && !isInside(point, span)
  const [low, high] = [order(a.lower, b.lower, rounding), order(a.upper, b.upper, rounding)]
  // A design may do more than is required, or less than is allowed; it must not do so at one end only.
  if (isRequired) return isSpan(a) && isSpan(b) && low * high > 0
  return isSpan(a) === isSpan(b) && (low !== 0 || high !== 0)
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
    const groups = Map.groupBy(facts, ({ entity, parameter, condition }) =>
      [entity, parameterKey(parameter), condition].join('\n'),
    )
    return [...groups.values()].flatMap((group) => (group.length < 2 ? [] : finding(model, group)))
  },
}
