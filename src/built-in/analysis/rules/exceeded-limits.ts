import { slugOf } from '../language/names.ts'
import { isLimit, without } from '../language/parameters.ts'
import { formatIn } from '../language/units.ts'
import type { Bounds, Fact, Link, Model, Place } from '../reading/model.ts'
import { distinctPlaces, type Finding, isAbove, nameOf, placeText, type Rule, sizeText } from './rule.ts'

interface Limit extends Bounds {
  fact: Fact
}

/** What a fact forbids: a rating, a bound, a requirement. */
function limitOf(fact: Fact): Limit[] {
  const { value, lower, upper } = fact.measure
  if (isLimit(fact.parameter)) return value === undefined ? [] : [{ upper: value, fact }]
  if (value !== undefined) return []
  if (fact.origin === 'requirement') return [{ lower, upper, fact }]
  return upper !== undefined && lower === undefined ? [{ upper, fact }] : []
}

const plainKey = ({ parameter }: Fact): string =>
  [parameter.noun, ...without(parameter, 'limit', 'rated', 'budget', 'continuous', 'output').qualifiers].join(
    '|',
  )

/** A maximum may be above a rating, or differ from another maximum; not so what trips or is required. */
function bindsMaximum({ origin, parameter }: Fact): boolean {
  return (
    origin === 'requirement' || parameter.qualifiers.some((word) => word === 'limit' || word === 'budget')
  )
}

/** Of one parameter of one thing; more would take the square of its time. */
const mostCompared = 100

/** Single things beyond a limit of their own. */
function beyondOwn(model: Model, facts: readonly Fact[]): Finding[] {
  const limits = facts.flatMap(limitOf)
  const uses = facts.filter(
    ({ parameter, origin, measure }) => origin === 'design' && !isLimit(parameter) && !measure.approximate,
  )
  for (const limit of limits.slice(0, mostCompared))
    for (const use of uses.slice(0, mostCompared)) {
      const { value, lower, upper } = use.measure
      const sameCondition = limit.fact.condition === use.condition
      // A bound is compared with what is required, a value with every limit.
      if (use === limit.fact || !sameCondition || (value === undefined && !bindsMaximum(limit.fact))) continue
      const [most, least] = [value ?? upper, value ?? lower]
      const isSpan = value === undefined && upper !== undefined && lower !== undefined
      const rounding = Math.max(use.measure.rounding, limit.fact.measure.rounding)
      const above = limit.upper !== undefined && most !== undefined && isAbove(most, limit.upper, rounding)
      const below = limit.lower !== undefined && least !== undefined && isAbove(limit.lower, least, rounding)
      if (isSpan || (!above && !below)) continue
      return [ownFinding(model, use, limit, above)]
    }
  return []
}

function ownFinding(model: Model, use: Fact, { fact, upper, lower }: Limit, above: boolean): Finding {
  const name = nameOf(model, use.entity)
  const size = sizeText(use.measure)
  const label = [...use.parameter.qualifiers, use.parameter.noun].join(' ')
  const bound = formatIn((above ? upper : lower) ?? 0, fact.measure.unit)
  const required = fact.origin === 'requirement'
  const what = `${required ? 'required' : (fact.parameter.qualifiers.find((word) => ['rated', 'budget'].includes(word)) ?? '')} ${above ? (required ? 'maximum' : 'limit') : 'minimum'}`
  return {
    title: `${name}: ${label} of ${size} is ${above ? 'above' : 'below'} its ${what.trim()} of ${bound}`,
    description: `${placeText(use.place)} gives ${name} a ${label} of ${size}, but ${placeText(fact.place)} ${required ? 'requires' : 'allows'} ${above ? 'at most' : 'at least'} ${bound}. Change the design or the limit.`,
    priority: 'high',
    tags: ['limit', slugOf(use.parameter.noun)],
    places: distinctPlaces([use.place, fact.place]),
  }
}

interface Load {
  name: string
  amount: number
  places: Place[]
}

const convertsVoltage = /convert|regulat|inverter|transform|rectif|dc.?dc|power supply|\bpsu\b/i

/** What a source feeds or a fuse protects, by the graph. */
class Loads {
  readonly #targets = new Map<string, Set<string>>()
  readonly #facts: ReadonlyMap<string, Fact[]>
  readonly #model: Model

  constructor(model: Model, links: readonly Link[]) {
    const feeding = links.filter(({ type }) => type === 'powers' || type === 'protects')
    const sameRow = Map.groupBy(feeding, ({ type, to, place }) => `${type} ${to} ${placeText(place)}`)
    for (const group of sameRow.values()) {
      const sources = new Set(group.map(({ from }) => from))
      // What one row gives two sources is fed by either.
      if (sources.size > 1) continue
      for (const { from, to } of group)
        this.#targets.set(from, (this.#targets.get(from) ?? new Set()).add(to))
    }
    const drawn = model.facts.filter(
      ({ parameter, origin }) => origin === 'design' && parameter.qualifiers.length === 0,
    )
    this.#facts = Map.groupBy(drawn, ({ entity, parameter }) => `${entity} ${parameter.noun}`)
    this.#model = model
  }

  /** The smallest claim where sources differ: what is exceeded by that is exceeded for certain. */
  #own(id: string, source: string, noun: string): Load | undefined {
    const facts = (this.#facts.get(`${id} ${noun}`) ?? []).filter(
      ({ condition }) => condition === '' || condition.split(' ').includes(source),
    )
    const points = facts.filter(({ measure }) => measure.value !== undefined)
    const claims = (points.length > 0 ? points : facts).flatMap(({ measure, place }) => {
      const amount = measure.value ?? measure.upper
      return amount === undefined ? [] : [{ name: nameOf(this.#model, id), amount, places: [place] }]
    })
    return claims.toSorted((a, b) => a.amount - b.amount)[0]
  }

  /** Currents on two sides of a converter have nothing to do with each other. */
  #changesVoltage(from: string, to: string): boolean {
    const [one, other] = [from, to].map((id) => this.#facts.get(`${id} voltage`)?.[0]?.measure.value)
    const differs = one !== undefined && other !== undefined && one !== other
    const { name = '', description = '' } = this.#model.entities.get(to) ?? {}
    return differs || convertsVoltage.test(`${name} ${description}`)
  }

  of(source: string, noun: string, path: readonly string[] = []): Load[] {
    if (path.includes(source) || path.length > 8) return []
    return [...(this.#targets.get(source) ?? [])].flatMap((id) => {
      const own = this.#own(id, source, noun)
      const isRail = this.#model.entities.get(id)?.kind === 'RESOURCE'
      if (own !== undefined && !isRail) return [own]
      const parts =
        noun === 'current' && this.#changesVoltage(source, id) ? [] : this.of(id, noun, [...path, source])
      const amount = parts.reduce((sum, part) => sum + part.amount, 0)
      const places = parts.flatMap((part) => part.places)
      return parts.length === 0 ? [] : [{ name: nameOf(this.#model, id), amount, places }]
    })
  }
}

/** Sums of loads beyond what their source can give, derated where the documents say so. */
function beyondSource(model: Model, loads: Loads, facts: readonly Fact[]): Finding[] {
  const limits = facts.flatMap(limitOf).filter(({ upper }) => upper !== undefined)
  const [limit] = limits.toSorted((a, b) => (a.upper ?? 0) - (b.upper ?? 0))
  if (limit?.upper === undefined || limit.fact.measure.approximate) return []
  const { entity, parameter, measure } = limit.fact
  const drawn = loads.of(entity, parameter.noun)
  const sum = drawn.reduce((total, { amount }) => total + amount, 0)
  const derating =
    model.deratings.find((one) => one.entity === entity) ??
    model.deratings.find((one) => one.entity === undefined)
  const allowed = limit.upper * (derating?.factor ?? 1)
  if (drawn.length === 0 || !isAbove(sum, allowed)) return []
  const name = nameOf(model, entity)
  const show = (base: number): string => formatIn(base, measure.unit)
  const derated = isAbove(sum, limit.upper) || derating === undefined ? undefined : derating
  const bound =
    derated === undefined
      ? show(limit.upper)
      : `${show(allowed)} (${show(limit.upper)} derated to ${Math.round(derated.factor * 100)} %)`
  const parts = drawn.map((load) => `${load.name} ${show(load.amount)}`).join(', ')
  return [
    {
      title: `${name}: loads of ${show(sum)} exceed its limit of ${bound}`,
      description: `${placeText(limit.fact.place)} limits ${name} to ${show(limit.upper)}, but it feeds ${parts}: ${show(sum)} together${derated === undefined ? '' : `, and ${placeText(derated.place)} asks for derating to ${show(allowed)}`}. Move loads, or raise the limit.`,
      priority: derated === undefined ? 'high' : 'medium',
      tags: ['limit', slugOf(parameter.noun)],
      places: distinctPlaces([
        limit.fact.place,
        ...(derated === undefined ? [] : [derated.place]),
        ...drawn.flatMap(({ places }) => places),
      ]),
    },
  ]
}

/** Limits exceeded by what is drawn. */
export const exceededLimits: Rule = {
  name: 'exceeded-limits',
  find(model, graph) {
    const loads = new Loads(model, [
      ...model.links,
      ...graph.relationships.map(({ source: place, ...link }) => ({ ...link, place })),
    ])
    const groups = [...Map.groupBy(model.facts, (fact) => `${fact.entity}\n${plainKey(fact)}`).values()]
    return groups.flatMap((facts) => {
      const [first] = facts
      const feeds =
        /^(?:current|power)$/.test(first?.parameter.noun ?? '') &&
        first !== undefined &&
        plainKey(first) === first.parameter.noun
      return [...beyondOwn(model, facts), ...(feeds ? beyondSource(model, loads, facts) : [])]
    })
  },
}
