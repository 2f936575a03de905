import type { Dimension, Unit } from './units.ts'

/** What is measured of a thing: a noun of one dimension, and the words that narrow it (`current`, `inrush` + `limit`). */
export interface Parameter {
  noun: string
  /** Sorted, without duplicates, synonyms made one. */
  qualifiers: string[]
  /** As a reader wrote it, in lower case. */
  label: string
}

/** Noun (singular) → what it measures, and the qualifiers it implies. */
const nouns: ReadonlyMap<string, { dimensions: Dimension[]; noun: string; implies?: string[] }> = new Map([
  ['voltage', { dimensions: ['voltage'], noun: 'voltage' }],
  ['current', { dimensions: ['current'], noun: 'current' }],
  ['power', { dimensions: ['power', 'apparent power'], noun: 'power' }],
  ['dissipation', { dimensions: ['power'], noun: 'power', implies: ['dissipation'] }],
  ['consumption', { dimensions: ['power', 'current'], noun: 'consumption' }],
  ['resistance', { dimensions: ['resistance'], noun: 'resistance' }],
  ['impedance', { dimensions: ['resistance'], noun: 'impedance' }],
  ['capacitance', { dimensions: ['capacitance'], noun: 'capacitance' }],
  ['inductance', { dimensions: ['inductance'], noun: 'inductance' }],
  ['frequency', { dimensions: ['frequency'], noun: 'frequency' }],
  ['temperature', { dimensions: ['temperature'], noun: 'temperature' }],
  ['mass', { dimensions: ['mass'], noun: 'mass' }],
  ['weight', { dimensions: ['mass', 'force'], noun: 'mass' }],
  ['length', { dimensions: ['length'], noun: 'length' }],
  ['width', { dimensions: ['length'], noun: 'width' }],
  ['height', { dimensions: ['length'], noun: 'height' }],
  ['depth', { dimensions: ['length'], noun: 'depth' }],
  ['diameter', { dimensions: ['length'], noun: 'diameter' }],
  ['stroke', { dimensions: ['length'], noun: 'stroke' }],
  ['time', { dimensions: ['time'], noun: 'time' }],
  ['delay', { dimensions: ['time'], noun: 'time', implies: ['delay'] }],
  ['duration', { dimensions: ['time'], noun: 'time', implies: ['duration'] }],
  ['latency', { dimensions: ['time'], noun: 'time', implies: ['latency'] }],
  ['period', { dimensions: ['time'], noun: 'time', implies: ['period'] }],
  ['interval', { dimensions: ['time'], noun: 'time', implies: ['interval'] }],
  ['timeout', { dimensions: ['time'], noun: 'time', implies: ['timeout'] }],
  ['lifetime', { dimensions: ['time'], noun: 'time', implies: ['lifetime'] }],
  ['hold-up', { dimensions: ['time'], noun: 'time', implies: ['hold-up'] }],
  ['pressure', { dimensions: ['pressure'], noun: 'pressure' }],
  ['flow', { dimensions: ['flow'], noun: 'flow' }],
  ['speed', { dimensions: ['rotation'], noun: 'speed' }],
  ['torque', { dimensions: ['torque'], noun: 'torque' }],
  ['force', { dimensions: ['force'], noun: 'force' }],
  ['energy', { dimensions: ['energy'], noun: 'energy' }],
  ['capacity', { dimensions: ['charge', 'energy'], noun: 'capacity' }],
  ['efficiency', { dimensions: ['ratio'], noun: 'efficiency' }],
  ['ripple', { dimensions: ['voltage', 'current'], noun: 'ripple' }],
  ['bandwidth', { dimensions: ['data rate', 'frequency'], noun: 'bandwidth' }],
  ['bitrate', { dimensions: ['data rate'], noun: 'data rate' }],
  ['baud', { dimensions: ['data rate'], noun: 'data rate' }],
  ['rate', { dimensions: ['data rate', 'frequency', 'flow'], noun: 'rate' }],
  ['setpoint', { dimensions: ['temperature', 'pressure'], noun: 'setpoint' }],
  [
    'accuracy',
    {
      dimensions: ['temperature', 'temperature difference', 'voltage', 'current', 'ratio', 'pressure'],
      noun: 'accuracy',
    },
  ],
])

const defaultNouns: Partial<Record<Dimension, string>> = {
  voltage: 'voltage',
  current: 'current',
  power: 'power',
  'apparent power': 'power',
  resistance: 'resistance',
  capacitance: 'capacitance',
  inductance: 'inductance',
  frequency: 'frequency',
  mass: 'mass',
  temperature: 'temperature',
  pressure: 'pressure',
  flow: 'flow',
  rotation: 'speed',
  time: 'time',
  torque: 'torque',
  force: 'force',
  energy: 'energy',
  'data rate': 'data rate',
  charge: 'capacity',
}

/** Word → the qualifier it stands for; an empty one says nothing. */
const synonyms: ReadonlyMap<string, string> = new Map([
  ['nominal', ''],
  ['nom', ''],
  ['value', ''],
  ['stated', ''],
  ['level', ''],
  ['the', ''],
  ['of', ''],
  ['a', ''],
  ['an', ''],
  ['at', ''],
  ['per', ''],
  ['load', ''],
  ['draw', ''],
  ['drawn', ''],
  ['demand', ''],
  ['electrical', ''],
  ['dc', ''],
  ['total', 'total'],
  ['typical', 'typ'],
  ['typ', 'typ'],
  ['maximum', 'max'],
  ['max', 'max'],
  ['minimum', 'min'],
  ['min', 'min'],
  ['limit', 'limit'],
  ['limits', 'limit'],
  ['limitation', 'limit'],
  ['limiting', 'limit'],
  ['trip', 'limit'],
  ['threshold', 'limit'],
  ['overcurrent', 'limit'],
  ['over-current', 'limit'],
  ['ocp', 'limit'],
  ['rated', 'rated'],
  ['rating', 'rated'],
  ['ratings', 'rated'],
  ['capability', 'rated'],
  ['budget', 'budget'],
  ['allocated', 'budget'],
  ['allocation', 'budget'],
  ['available', 'budget'],
  ['inrush', 'inrush'],
  ['surge', 'inrush'],
  ['in-rush', 'inrush'],
  ['holdup', 'hold-up'],
  ['hold', 'hold-up'],
  ['hold-up', 'hold-up'],
  ['standby', 'quiescent'],
  ['quiescent', 'quiescent'],
  ['idle', 'quiescent'],
  ['supply', 'supply'],
  ['continuous', 'continuous'],
  ['steady-state', 'continuous'],
  ['insulation', 'isolation'],
])

export const limitQualifiers: ReadonlySet<string> = new Set(['limit', 'rated', 'budget'])

export function wordsOf(phrase: string): string[] {
  return phrase
    .toLowerCase()
    .replace(/hold[ -]?up/g, 'hold-up')
    .replace(/over[ -]current/g, 'overcurrent')
    .split(/[^\p{L}\p{N}-]+/u)
    .map((word) => word.replace(/^-+|-+$/g, ''))
    .filter((word) => word !== '')
}

function nounOf(word: string) {
  return nouns.get(word) ?? (word.endsWith('s') ? nouns.get(word.slice(0, -1)) : undefined)
}

export function isParameterNoun(word: string): boolean {
  return nounOf(word.toLowerCase()) !== undefined
}

/** The noun of a phrase is the last one that fits the unit's dimension; with no unit, the last one. */
export function parameterOf(
  words: readonly string[],
  unit: Unit | undefined,
  options: { needsNoun: boolean },
): Parameter | undefined {
  let at = -1
  for (let index = words.length - 1; index >= 0 && at < 0; index -= 1) {
    const found = nounOf(words[index] ?? '')
    if (found !== undefined && (unit === undefined || found.dimensions.includes(unit.dimension))) at = index
  }
  const found = at < 0 ? undefined : nounOf(words[at] ?? '')
  if (found === undefined && (options.needsNoun || unit === undefined)) return undefined
  const dimension = unit?.dimension
  const byDimension = dimension === undefined ? undefined : defaultNouns[dimension]
  // "Power consumption" in W is power; "consumption" in A is current.
  const noun = found?.noun === 'consumption' ? byDimension : (found?.noun ?? byDimension)
  if (noun === undefined) return undefined
  const qualifiers = new Set(found?.implies ?? [])
  for (const [index, word] of words.entries()) {
    if (index === at) continue
    const qualifier = synonyms.get(word) ?? word
    if (qualifier !== '' && qualifier !== noun && qualifier !== 'consumption' && !/^\d+$/.test(qualifier))
      qualifiers.add(qualifier)
  }
  const label = found === undefined ? [...words, noun].join(' ') : words.join(' ')
  return { noun, qualifiers: [...qualifiers].sort(), label }
}

export function parameterKey(parameter: Parameter): string {
  return [parameter.noun, ...parameter.qualifiers].join('|')
}

/** Without the words that make a limit of it: what the limit is a limit of. */
export function limitedKey(parameter: Parameter): string {
  const dropped = new Set(['limit', 'rated', 'budget', 'max', 'continuous'])
  return [parameter.noun, ...parameter.qualifiers.filter((qualifier) => !dropped.has(qualifier))].join('|')
}

export function isLimit(parameter: Parameter): boolean {
  return parameter.qualifiers.some((qualifier) => limitQualifiers.has(qualifier))
}
