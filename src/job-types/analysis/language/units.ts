/** Units of measurement: what they measure, and how their values become values of one base unit. */

export type Dimension =
  | 'voltage'
  | 'current'
  | 'power'
  | 'resistance'
  | 'capacitance'
  | 'inductance'
  | 'frequency'
  | 'time'
  | 'mass'
  | 'length'
  | 'temperature'
  | 'temperature difference'
  | 'pressure'
  | 'energy'
  | 'charge'
  | 'flow'
  | 'rotation'
  | 'ratio'
  | 'data rate'
  | 'torque'
  | 'force'
  | 'level'
  | 'apparent power'
  | 'field'

export interface Unit {
  symbol: string
  dimension: Dimension
  /** base = value × factor + offset */
  factor: number
  offset: number
}

const prefixes: Record<string, number> = {
  p: 1e-12,
  n: 1e-9,
  u: 1e-6,
  µ: 1e-6,
  μ: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
}

/** Symbol, dimension, factor of the plain unit, and the prefixes it takes. */
const prefixed: [string, Dimension, number, string[]][] = [
  ['V', 'voltage', 1, ['u', 'µ', 'μ', 'm', '', 'k', 'M']],
  ['A', 'current', 1, ['p', 'n', 'u', 'µ', 'μ', 'm', '', 'k']],
  ['W', 'power', 1, ['u', 'µ', 'μ', 'm', '', 'k', 'M']],
  ['VA', 'apparent power', 1, ['', 'k', 'M']],
  ['Ω', 'resistance', 1, ['u', 'µ', 'μ', 'm', '', 'k', 'M', 'G']],
  ['Ω', 'resistance', 1, ['']],
  ['ohm', 'resistance', 1, ['m', '', 'k', 'M', 'G']],
  ['Ohm', 'resistance', 1, ['m', '', 'k', 'M', 'G']],
  ['F', 'capacitance', 1, ['p', 'n', 'u', 'µ', 'μ', 'm', '']],
  ['H', 'inductance', 1, ['n', 'u', 'µ', 'μ', 'm', '']],
  ['Hz', 'frequency', 1, ['m', '', 'k', 'M', 'G']],
  ['s', 'time', 1, ['p', 'n', 'u', 'µ', 'μ', 'm', '']],
  ['g', 'mass', 1e-3, ['u', 'µ', 'μ', 'm', '', 'k']],
  ['m', 'length', 1, ['n', 'u', 'µ', 'μ', 'm', '', 'k']],
  ['Pa', 'pressure', 1, ['m', '', 'k', 'M', 'G']],
  ['bar', 'pressure', 1e5, ['m', '']],
  ['J', 'energy', 1, ['u', 'µ', 'μ', 'm', '', 'k', 'M']],
  ['Wh', 'energy', 3600, ['m', '', 'k', 'M']],
  ['Ah', 'charge', 3600, ['m', '']],
  ['N', 'force', 1, ['m', '', 'k']],
  ['Nm', 'torque', 1, ['m', '', 'k']],
  ['N·m', 'torque', 1, ['m', '', 'k']],
  ['bit/s', 'data rate', 1, ['', 'k', 'M', 'G']],
  ['bps', 'data rate', 1, ['', 'k', 'M', 'G']],
  ['T', 'field', 1, ['n', 'u', 'µ', 'μ', 'm']],
]

const single: [string[], Dimension, number, number?][] = [
  [['VDC', 'Vdc', 'V DC', 'Vrms', 'VAC', 'Vac', 'V AC', 'Vpp'], 'voltage', 1],
  [['mVpp', 'mVp-p', 'mVrms'], 'voltage', 1e-3],
  [['kΩ', 'kOhm', 'Kohm'], 'resistance', 1e3],
  [['ADC', 'Adc', 'Arms', 'A DC', 'amp', 'amps'], 'current', 1],
  [['min'], 'time', 60],
  [['h', 'hr', 'hrs', 'hours', 'hour'], 'time', 3600],
  [['seconds', 'second', 'sec'], 'time', 1],
  [['minutes', 'minute'], 'time', 60],
  [['milliseconds', 'msec'], 'time', 1e-3],
  [['days', 'day'], 'time', 86_400],
  [['volts', 'volt'], 'voltage', 1],
  [['watts', 'watt'], 'power', 1],
  [['ohms', 'Ohms'], 'resistance', 1],
  [['cm'], 'length', 1e-2],
  [['inch', 'inches'], 'length', 0.0254],
  [['ft'], 'length', 0.3048],
  [['lb', 'lbs'], 'mass', 0.453_592_37],
  [['°C', 'degC', 'deg C', 'ºC', '℃', 'C'], 'temperature', 1],
  [['°F', 'degF', 'deg F'], 'temperature', 5 / 9, -160 / 9],
  [['K'], 'temperature difference', 1],
  [['psi', 'PSI'], 'pressure', 6894.757],
  [['l/min', 'L/min', 'lpm', 'LPM'], 'flow', 1 / 60_000],
  [['l/h', 'L/h'], 'flow', 1 / 3_600_000],
  [['m3/h', 'm³/h'], 'flow', 1 / 3600],
  [['kg/s'], 'flow', 1],
  [['rpm', 'RPM', '1/min'], 'rotation', 1],
  [['%', 'percent'], 'ratio', 0.01],
  [['ppm'], 'ratio', 1e-6],
  [['dB', 'dBm', 'dBA'], 'level', 1],
  [['Kbps', 'kbits/s', 'kbit/sec'], 'data rate', 1e3],
  [['Mbits/s', 'Mb/s'], 'data rate', 1e6],
  [['baud', 'Bd'], 'data rate', 1],
]

function buildUnits(): ReadonlyMap<string, Unit> {
  const units = new Map<string, Unit>()
  for (const [symbol, dimension, factor, taken] of prefixed)
    for (const prefix of taken) {
      const name = `${prefix}${symbol}`
      units.set(name, { symbol: name, dimension, factor: factor * (prefixes[prefix] ?? 1), offset: 0 })
    }
  for (const [symbols, dimension, factor, offset = 0] of single)
    for (const symbol of symbols) units.set(symbol, { symbol, dimension, factor, offset })
  return units
}

const units = buildUnits()
const longestSymbol = Math.max(...[...units.keys()].map((symbol) => symbol.length))

/** Lower-case forms as they end names such as `current_ma`: only those that name one unit. */
const suffixes: ReadonlyMap<string, string> = new Map([
  ['v', 'V'],
  ['mv', 'mV'],
  ['kv', 'kV'],
  ['vdc', 'VDC'],
  ['a', 'A'],
  ['ma', 'mA'],
  ['ua', 'uA'],
  ['amps', 'A'],
  ['w', 'W'],
  ['mw', 'mW'],
  ['kw', 'kW'],
  ['ohm', 'ohm'],
  ['ohms', 'ohm'],
  ['kohm', 'kohm'],
  ['mohm', 'mohm'],
  ['kg', 'kg'],
  ['g', 'g'],
  ['mg', 'mg'],
  ['mm', 'mm'],
  ['cm', 'cm'],
  ['m', 'm'],
  ['s', 's'],
  ['sec', 's'],
  ['ms', 'ms'],
  ['us', 'us'],
  ['min', 'min'],
  ['h', 'h'],
  ['c', '°C'],
  ['degc', '°C'],
  ['hz', 'Hz'],
  ['khz', 'kHz'],
  ['mhz', 'MHz'],
  ['pct', '%'],
  ['percent', '%'],
  ['bar', 'bar'],
  ['psi', 'psi'],
  ['kpa', 'kPa'],
  ['mpa', 'MPa'],
  ['pa', 'Pa'],
  ['rpm', 'rpm'],
  ['lpm', 'l/min'],
  ['nf', 'nF'],
  ['uf', 'uF'],
  ['pf', 'pF'],
  ['uh', 'uH'],
  ['mh', 'mH'],
  ['wh', 'Wh'],
  ['ah', 'Ah'],
  ['mah', 'mAh'],
  ['nm', 'Nm'],
  ['n', 'N'],
  ['kn', 'kN'],
  ['bps', 'bps'],
  ['kbps', 'kbps'],
  ['mbps', 'Mbps'],
  ['db', 'dB'],
  ['j', 'J'],
  ['k', 'K'],
  ['volts', 'V'],
  ['watts', 'W'],
  ['seconds', 's'],
  ['milliseconds', 'ms'],
])

/** A unit by its exact symbol (case counts: mA is not MA). */
export function unitOf(symbol: string): Unit | undefined {
  return units.get(symbol.trim())
}

/** A unit by the last word of a snake_case name, whatever its case. */
export function unitOfSuffix(word: string): Unit | undefined {
  const symbol = suffixes.get(word.toLowerCase())
  return symbol === undefined ? undefined : units.get(symbol)
}

const letter = /[\p{L}\d_]/u

/** The longest unit that stands at `position`, after at most one space, and is not the beginning of a word. */
export function unitAt(text: string, position: number): { unit: Unit; end: number } | undefined {
  const start = /[ \u00a0\u202f]/.test(text[position] ?? '') ? position + 1 : position
  for (let length = Math.min(longestSymbol, text.length - start); length > 0; length -= 1) {
    const unit = units.get(text.slice(start, start + length))
    if (unit !== undefined && !letter.test(text[start + length] ?? '')) return { unit, end: start + length }
  }
  return undefined
}

export function toBase(value: number, unit: Unit): number {
  return value * unit.factor + unit.offset
}

export function fromBase(value: number, unit: Unit): number {
  return (value - unit.offset) / unit.factor
}

/** A value of a base unit in another unit, as a person writes it: `2.5 A`. */
export function formatIn(base: number, unit: Unit): string {
  const value = Number(fromBase(base, unit).toPrecision(6))
  const text = Math.abs(value) >= 1e-4 || value === 0 ? String(value) : value.toExponential()
  return unit.symbol === '%' ? `${text} %` : `${text} ${unit.symbol}`
}
