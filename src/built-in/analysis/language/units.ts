/** Units of measurement: what they measure, and how their values become values of one base unit. */

export interface Unit {
  symbol: string
  dimension: string
  /** base = value × factor + offset */
  factor: number
  offset: number
}

/** Powers of ten. */
const prefixes: Record<string, number> = { p: -12, n: -9, u: -6, µ: -6, μ: -6, m: -3, k: 3, M: 6, G: 9 }

/** Dimension, factor of the plain unit, the prefixes it takes besides none (`-` for no others): its symbols. */
const unitTable = `
voltage 1 uµμmk: V, VDC, Vdc, VAC, Vac, Vrms, Vpp
voltage 1 -: volt, volts, V DC, V AC
current 1 pnuµμmk: A, Adc, ADC, Arms
current 1 -: amp, amps
power 1 uµμmkM: W
power 1 -: watt, watts
apparent-power 1 kM: VA
resistance 1 uµμmkMG: Ω, ohm, Ohm, ohms, Ohms
capacitance 1 pnuµμm: F
inductance 1 nuµμm: H
frequency 1 mkMG: Hz
time 1 pnuµμm: s, sec
time 1 -: second, seconds
time 0.001 -: milliseconds, msec
time 60 -: min, minute, minutes
time 3600 -: h, hr, hrs, hour, hours
time 86400 -: d, day, days
mass 0.001 uµμmk: g
mass 0.45359237 -: lb, lbs
length 1 nuµμmk: m
length 0.01 -: cm
length 0.0254 -: inch, inches
length 0.3048 -: ft
pressure 1 mkMG: Pa
pressure 100000 m: bar
pressure 6894.757 -: psi, PSI
energy 1 uµμmkM: J
energy 3600 mkM: Wh
charge 3600 m: Ah
force 1 mk: N
torque 1 mk: Nm, N·m
data-rate 1 kMG: bit/s, bps
data-rate 1 k: baud, Bd
data 8 kMG: B
temperature 1 -: °C, degC, deg C, ºC, ℃, C
temperature-difference 1 -: K
flow 0.001 -: l/s, L/s
volume 0.001 m: l, L
volume 0.001 -: litre, litres, liter, liters
rotation 1 -: rpm, RPM, 1/min
speed 1 -: m/s
mass-flow 1 -: kg/s
ratio 0.01 -: %, percent
ratio 0.000001 -: ppm
gain 1 -: dB
level 1 -: dBm`

/** Those whose factor is no short number, or that have an offset. */
const oddUnits: [string[], string, number, number][] = [
  [['l/min', 'L/min', 'lpm', 'LPM'], 'flow', 1 / 60_000, 0],
  [['l/h', 'L/h'], 'flow', 1 / 3_600_000, 0],
  [['m3/h', 'm³/h'], 'flow', 1 / 3600, 0],
  [['kg/h'], 'mass-flow', 1 / 3600, 0],
  [['km/h'], 'speed', 1 / 3.6, 0],
  [['°F', 'degF', 'deg F'], 'temperature', 5 / 9, -160 / 9],
  [['dBW'], 'level', 1, 30],
]

function buildUnits(): ReadonlyMap<string, Unit> {
  const units = new Map<string, Unit>()
  const add = (symbol: string, dimension: string, factor: number, offset = 0): void =>
    void units.set(symbol, { symbol, dimension, factor, offset })
  for (const line of unitTable.trim().split('\n')) {
    const [head = '', symbols = ''] = line.split(': ')
    const [dimension = '', factor, taken = ''] = head.split(' ')
    for (const plain of symbols.split(', '))
      for (const prefix of ['', ...taken.replace('-', '')])
        add(prefix + plain, dimension, Number(factor) * 10 ** (prefixes[prefix] ?? 0))
  }
  for (const [symbols, ...measure] of oddUnits) for (const symbol of symbols) add(symbol, ...measure)
  return units
}

const units = buildUnits()
const longestSymbol = Math.max(...[...units.keys()].map((symbol) => symbol.length))

/** The symbols that lower-case suffixes mean, where their case is lost: `current_ma`, `pressure_mpa`. */
const suffixes = new Map([...units.keys()].reverse().map((symbol) => [symbol.toLowerCase(), symbol]))
for (const [suffix, symbol] of ['mpa MPa', 'mhz MHz', 'mohm mohm', 'c °C', 'pct %', 'b ', 'f '].map((pair) =>
  pair.split(' '),
))
  suffixes.set(suffix ?? '', symbol ?? '')

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
