/** Units of measurement: what they measure, and how their values become values of one base unit. */

export interface Unit {
  symbol: string
  dimension: string
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

/** Symbols, dimension, factor of the plain unit, and the prefixes they take besides none. */
const prefixed: [string, string, number, string][] = [
  ['V VDC Vdc VAC Vac Vrms Vpp', 'voltage', 1, 'uµμmk'],
  ['A Adc ADC Arms', 'current', 1, 'pnuµμmk'],
  ['W', 'power', 1, 'uµμmkM'],
  ['VA', 'apparent power', 1, 'kM'],
  ['Ω ohm Ohm ohms Ohms', 'resistance', 1, 'uµμmkMG'],
  ['F', 'capacitance', 1, 'pnuµμm'],
  ['H', 'inductance', 1, 'nuµμm'],
  ['Hz', 'frequency', 1, 'mkMG'],
  ['s sec', 'time', 1, 'pnuµμm'],
  ['g', 'mass', 1e-3, 'uµμmk'],
  ['m', 'length', 1, 'nuµμmk'],
  ['Pa', 'pressure', 1, 'mkMG'],
  ['bar', 'pressure', 1e5, 'm'],
  ['J', 'energy', 1, 'uµμmkM'],
  ['Wh', 'energy', 3600, 'mkM'],
  ['Ah', 'charge', 3600, 'm'],
  ['N', 'force', 1, 'mk'],
  ['Nm N·m', 'torque', 1, 'mk'],
  ['bit/s bps', 'data rate', 1, 'kMG'],
  ['baud Bd', 'data rate', 1, 'k'],
  ['B', 'data', 8, 'kMG'],
]

const single: [string, string, number, number?][] = [
  ['amp,amps', 'current', 1],
  ['volt,volts,V DC,V AC', 'voltage', 1],
  ['watt,watts', 'power', 1],
  ['min,minute,minutes', 'time', 60],
  ['h,hr,hrs,hour,hours', 'time', 3600],
  ['second,seconds', 'time', 1],
  ['milliseconds,msec', 'time', 1e-3],
  ['d,day,days', 'time', 86_400],
  ['cm', 'length', 1e-2],
  ['inch,inches', 'length', 0.0254],
  ['ft', 'length', 0.3048],
  ['lb,lbs', 'mass', 0.453_592_37],
  ['°C,degC,deg C,ºC,℃,C', 'temperature', 1],
  ['°F,degF,deg F', 'temperature', 5 / 9, -160 / 9],
  ['K', 'temperature difference', 1],
  ['psi,PSI', 'pressure', 6894.757],
  ['l/min,L/min,lpm,LPM', 'flow', 1 / 60_000],
  ['l/h,L/h', 'flow', 1 / 3_600_000],
  ['m3/h,m³/h', 'flow', 1 / 3600],
  ['kg/h', 'mass flow', 1 / 3600],
  ['kg/s', 'mass flow', 1],
  ['l,L,litre,litres,liter,liters', 'volume', 1e-3],
  ['ml,mL', 'volume', 1e-6],
  ['rpm,RPM,1/min', 'rotation', 1],
  ['m/s', 'speed', 1],
  ['km/h', 'speed', 1 / 3.6],
  ['%,percent', 'ratio', 0.01],
  ['ppm', 'ratio', 1e-6],
  ['dB', 'gain', 1],
  ['dBm', 'level', 1],
  ['dBW', 'level', 1, 30],
]

function buildUnits(): ReadonlyMap<string, Unit> {
  const units = new Map<string, Unit>()
  for (const [symbols, dimension, factor, taken] of prefixed)
    for (const plain of symbols.split(' '))
      for (const prefix of ['', ...taken]) {
        const symbol = prefix + plain
        units.set(symbol, { symbol, dimension, factor: factor * (prefixes[prefix] ?? 1), offset: 0 })
      }
  for (const [symbols, dimension, factor, offset = 0] of single)
    for (const symbol of symbols.split(',')) units.set(symbol, { symbol, dimension, factor, offset })
  return units
}

const units = buildUnits()
const longestSymbol = Math.max(...[...units.keys()].map((symbol) => symbol.length))

/** The symbol that a lower-case suffix means, where its case is lost: `current_ma`, `pressure_mpa`. */
function buildSuffixes(): ReadonlyMap<string, string> {
  const suffixes = new Map([
    ['mpa', 'MPa'],
    ['mhz', 'MHz'],
    ['c', '°C'],
    ['pct', '%'],
    ['b', ''],
    ['f', ''],
  ])
  for (const symbol of units.keys())
    if (!suffixes.has(symbol.toLowerCase())) suffixes.set(symbol.toLowerCase(), symbol)
  return suffixes
}

const suffixes = buildSuffixes()

/** A unit by its exact symbol (case counts: mA is not MA). */
export function unitOf(symbol: string): Unit | undefined {
  return units.get(symbol.trim())
}

/** A unit by the last word of a snake_case name, whatever its case. */
export function unitOfSuffix(word: string): Unit | undefined {
  return units.get(suffixes.get(word.toLowerCase()) ?? '')
}

/** The longest unit that stands at `position`, after at most one space, and is not the beginning of a word. */
export function unitAt(text: string, position: number): { unit: Unit; end: number } | undefined {
  const start = /[ \u00a0\u202f]/.test(text[position] ?? '') ? position + 1 : position
  for (let length = Math.min(longestSymbol, text.length - start); length > 0; length -= 1) {
    const unit = units.get(text.slice(start, start + length))
    if (unit !== undefined && !/[\p{L}\d_]/u.test(text[start + length] ?? ''))
      return { unit, end: start + length }
  }
  return undefined
}

export function toBase(value: number, unit: Unit): number {
  return value * unit.factor + unit.offset
}

/** A value of the base unit in another unit, as a person writes it: `2.5 A`. */
export function formatIn(base: number, unit: Unit): string {
  const value = Number(((base - unit.offset) / unit.factor).toPrecision(6))
  const text = Math.abs(value) >= 1e-4 || value === 0 ? String(value) : value.toExponential()
  return unit.symbol === '' ? text : `${text} ${unit.symbol}`
}
