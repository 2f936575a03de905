import type { Unit } from './units.ts'

/** What is measured of a thing: a noun, and the words that narrow it (`current`, `inrush`). */
export interface Parameter {
  noun: string
  /** Sorted, without duplicates, synonyms made one. */
  qualifiers: string[]
  /** As a reader wrote it, in lower case. */
  label: string
}

/** Noun: the dimensions it is measured in, and what it is called when that is another word. */
const nounTable = `
voltage: voltage; current: current; power: power, apparent-power; dissipation: power; consumption: power, current
resistance: resistance; impedance: resistance; capacitance: capacitance; inductance: inductance
frequency: frequency; temperature: temperature; mass: mass; weight: mass, force; length: length; width: length
height: length; depth: length; diameter: length; stroke: length; thickness: length; time: time; delay: time
duration: time; latency: time; period: time; interval: time; timeout: time; lifetime: time; hold-up: time
pressure: pressure; flow: flow, mass-flow; speed: rotation, speed; torque: torque; force: force; energy: energy
capacity: charge, energy, volume, mass; volume: volume; efficiency: ratio; humidity: ratio; ripple: voltage, current
bandwidth: data-rate, frequency; bitrate: data-rate; baud: data-rate; rate: data-rate, frequency, flow, mass-flow
setpoint: temperature, pressure; gain: gain; level: level; memory: data; storage: data; range: length
accuracy: temperature, temperature-difference, voltage, current, ratio, pressure`

const nouns: ReadonlyMap<string, string[]> = new Map(
  nounTable
    .split(/[;\n]/)
    .filter((entry) => entry.includes(':'))
    .map((entry) => {
      const [noun = '', dimensions = ''] = entry.split(':')
      return [noun.trim(), dimensions.split(',').map((dimension) => dimension.trim())]
    }),
)

const sameNoun: Record<string, string> = {
  weight: 'mass',
  bitrate: 'rate',
  baud: 'rate',
}

/** What a value is of when only its unit says so. */
const defaultNouns: Record<string, string> = {
  'apparent-power': 'power',
  rotation: 'speed',
  'data-rate': 'rate',
  charge: 'capacity',
  'mass-flow': 'flow',
  level: 'power',
}
const noDefault = new Set(['ratio', 'length', 'temperature-difference', 'gain', 'data'])

const synonymTable = `
: nominal nom value stated the of a an its at per load draw drawn draws demand electrical dc operating consumption
: operating estimated is are has with to and data design normal average bit baud own each
typ: typical; max: maximum peak-allowed; min: minimum
limit: limits limitation limiting trip threshold overcurrent ocp fuse breaker fused; rated: rating ratings capability capacity allowable
budget: allocated allocation available; inrush: surge in-rush; hold-up: holdup hold; standby: quiescent idle sleep
continuous: steady-state; isolation: insulation; transmission: tx transmit; reception: rx receive`

const synonyms: ReadonlyMap<string, string> = new Map(
  synonymTable.split(/[;\n]/).flatMap((entry) => {
    const [qualifier = '', words = ''] = entry.split(':')
    return words
      .split(' ')
      .filter((word) => word !== '')
      .map((word): [string, string] => [word, qualifier.trim()])
  }),
)

const limitQualifiers = new Set(['limit', 'rated', 'budget'])

export function wordsOf(phrase: string): string[] {
  return phrase
    .toLowerCase()
    .replace(/hold[ -]?up/g, 'hold-up')
    .replace(/over[ -]current/g, 'overcurrent')
    .split(/[^\p{L}\p{N}-]+/u)
    .map((word) => word.replace(/^-+|-+$/g, ''))
    .filter((word) => word !== '')
}

function dimensionsOf(word: string): { noun: string; dimensions: string[] } | undefined {
  const singular = nouns.has(word) ? word : word.replace(/s$/, '')
  const dimensions = nouns.get(singular)
  return dimensions === undefined ? undefined : { noun: sameNoun[singular] ?? singular, dimensions }
}

export function isParameterNoun(word: string): boolean {
  return dimensionsOf(word) !== undefined
}

/** The noun of a phrase is its last one that fits the unit; without any, the unit says what is meant if it can. */
export function parameterOf(
  words: readonly string[],
  unit: Unit,
  options: { needsNoun: boolean },
): Parameter | undefined {
  const at = words.findLastIndex((word) => dimensionsOf(word)?.dimensions.includes(unit.dimension))
  const found = at < 0 ? undefined : dimensionsOf(words[at] ?? '')
  if (found === undefined && (options.needsNoun || noDefault.has(unit.dimension))) return undefined
  const byUnit = defaultNouns[unit.dimension] ?? unit.dimension
  const noun = found === undefined || found.noun === 'consumption' ? byUnit : found.noun
  const qualifiers = new Set<string>()
  for (const [index, word] of words.entries()) {
    const qualifier = synonyms.get(word) ?? word
    // What a load draws is what goes into it.
    if (/^(?:input|supply)$/.test(qualifier) && /^(?:power|current)$/.test(noun)) continue
    if (index !== at && qualifier !== '' && qualifier !== noun && !/^\d+$/.test(qualifier))
      qualifiers.add(qualifier)
  }
  const label = found === undefined ? [...words, noun].join(' ') : words.join(' ')
  return { noun, qualifiers: [...qualifiers].sort(), label }
}

export function parameterKey({ noun, qualifiers }: Parameter): string {
  return [noun, ...qualifiers].join('|')
}

/** Rated voltages and frequencies are nominal ones; other ratings are limits. */
export function isLimit({ noun, qualifiers }: Parameter): boolean {
  return (
    qualifiers.some((qualifier) => limitQualifiers.has(qualifier)) &&
    !(qualifiers.includes('rated') && ['voltage', 'frequency', 'speed'].includes(noun))
  )
}

export function without({ noun, qualifiers, label }: Parameter, ...words: string[]): Parameter {
  return { noun, label, qualifiers: qualifiers.filter((qualifier) => !words.includes(qualifier)) }
}
