import { toBase, type Unit, unitAt, unitOf } from './units.ts'

/** What a text says about a size: a point, a range or a bound, in base units. */
export interface Measure {
  /** The point; for `24 V ± 2 V` its middle. Undefined for a mere range or bound. */
  value?: number | undefined
  lower?: number | undefined
  upper?: number | undefined
  unit: Unit
  /** Half a step of the last digit written, in base units; 0 for whole numbers, which are taken as exact. */
  rounding: number
  /** Written as "about", "approx." or "~": nothing contradicts it. */
  approximate?: true
  /** Offsets in the text, with the words that make a bound of it. */
  start: number
  end: number
}

const numberPattern = /(?<![\p{L}\d_.,])(?:(?<![\p{L}\d_)\]])[-+−–])?\d+(?:[.,]\d+)*(?![\d])/gu
const upperWords =
  /(?:≤|<=?|=<|\bnot exceed(?:ing)?|\bnot be (?:more|greater|higher) than|\b(?:no|not) (?:more|greater|higher|longer|later) than|\bat most|\bup to|\bmax(?:imum)?\.?(?: of)?|(?<!\b(?:no|not) )\b(?:less|lower|shorter) than|\bbelow|\blimited to|\bwithin)[:\s]*$/i
const lowerWords =
  /(?:≥|>=?|=>|\b(?:no|not) (?:less|lower|fewer|shorter) than|\bnot be (?:less|lower) than|\bat least|\bmin(?:imum)?\.?(?: of)?|\b(?:more|greater|higher|longer) than|\babove|\bexceed(?:s|ing)?)[:\s]*$/i
const approximately = /(?:~|≈|\b(?:about|approx(?:imately)?|around|roughly|nearly|some|ca)\.?)\s*$/i
const upperAfter = /^\s*\(?(?:max(?:imum)?\b|or (?:less|lower|below)\b)/i
const lowerAfter = /^\s*\(?(?:min(?:imum)?\b|or (?:more|higher|above)\b)/i

/** A number as written: `1,200` and `1,200.5` hold thousands, `2,5` a decimal comma. Undefined when it is neither. */
export function parseNumber(text: string): { value: number; step: number } | undefined {
  const sign = /^[-−–]/.test(text) ? -1 : 1
  const digits = text.replace(/^[-+−–]/, '')
  let plain: string
  if (/^\d{1,3}(?:,\d{3})+(?:\.\d+)?$/.test(digits)) plain = digits.replaceAll(',', '')
  else if (/^\d+,\d+$/.test(digits)) plain = digits.replace(',', '.')
  else if (/^\d+(?:\.\d+)?$/.test(digits)) plain = digits
  else return undefined
  const decimals = plain.split('.')[1]?.length ?? 0
  return { value: sign * Number(plain), step: decimals === 0 ? 0 : 0.5 * 10 ** -decimals }
}

interface NumberAt {
  value: number
  step: number
  start: number
  end: number
}

function numbersIn(text: string): NumberAt[] {
  return [...text.matchAll(numberPattern)].flatMap((match) => {
    const number = parseNumber(match[0])
    return number === undefined ? [] : [{ ...number, start: match.index, end: match.index + match[0].length }]
  })
}

/** What joins a size with the number behind it. The sign of that number may be the joint: `22-28`. */
function jointBetween(text: string, from: number, next: NumberAt): 'tolerance' | 'range' | undefined {
  if (next.start - from > 12) return undefined
  const between = text.slice(from, next.start + 1)
  if (/^\s*(?:±|\+\/-|\+-)\s*\d?$/.test(between)) return 'tolerance'
  return /^\s*(?:–|—|−|-|\.{2,3}|…|to\b|and\b)\s*[-+−–\d]?$/.test(between) ? 'range' : undefined
}

/** A point with the words of a bound around it is that bound. */
function bounded(point: Measure, text: string): Measure {
  const from = Math.max(0, point.start - 40)
  const before = text.slice(from, point.start)
  const after = text.slice(point.end, point.end + 16)
  if (approximately.test(before)) return { ...point, approximate: true }
  const bare = { ...point, value: undefined }
  const upper = upperWords.exec(before)
  // "exceed" is the end of "not exceed" too, so the upper bound is looked at first.
  if (upper !== null) return { ...bare, upper: point.value, start: from + upper.index }
  const lower = lowerWords.exec(before)
  if (lower !== null) return { ...bare, lower: point.value, start: from + lower.index }
  if (upperAfter.test(after)) return { ...bare, upper: point.value }
  return lowerAfter.test(after) ? { ...bare, lower: point.value } : point
}

type Found = { unit: Unit; end: number } | undefined

/** `24 V ± 2 V`, `18 to 32 V`: two numbers that are one size. */
function pairOf(
  text: string,
  [first, own]: [NumberAt, Found],
  next: NumberAt,
  fallback?: Unit,
): Measure | undefined {
  const joint = jointBetween(text, own?.end ?? first.end, next)
  const other = unitAt(text, next.end)
  const unit =
    own?.unit ?? (other?.unit.symbol === '%' && joint === 'tolerance' ? undefined : other?.unit) ?? fallback
  if (joint === undefined || unit === undefined) return undefined
  const size = { unit, start: first.start, end: other?.end ?? next.end }
  const point = toBase(first.value, unit)
  if (joint === 'tolerance') {
    const relative = other?.unit.symbol === '%' && unit.symbol !== '%'
    const half = relative
      ? Math.abs(point * next.value) / 100
      : Math.abs(next.value * (other?.unit ?? unit).factor)
    return {
      ...size,
      value: point,
      lower: point - half,
      upper: point + half,
      rounding: first.step * unit.factor,
    }
  }
  if (other !== undefined && other.unit.dimension !== unit.dimension) return undefined
  const joined = /\d\s*$/.test(text.slice(Math.max(0, next.start - 3), next.start))
  const last = toBase(joined ? Math.abs(next.value) : next.value, other?.unit ?? unit)
  const begin = own === undefined ? toBase(first.value, other?.unit ?? unit) : point
  const rounding = Math.max(first.step, next.step) * unit.factor
  return { ...size, lower: Math.min(begin, last), upper: Math.max(begin, last), rounding }
}

/**
 * Every size in a text, in order. `defaultUnit` is for numbers without a unit (a table column that names it once);
 * without it, numbers without a unit are no sizes.
 */
export function findMeasures(text: string, defaultUnit?: Unit): Measure[] {
  const numbers = numbersIn(text)
  const measures: Measure[] = []
  for (let index = 0; index < numbers.length; index += 1) {
    const [first, next] = [numbers[index] as NumberAt, numbers[index + 1]]
    const own = unitAt(text, first.end)
    const pair = next === undefined ? undefined : pairOf(text, [first, own], next, defaultUnit)
    const unit = own?.unit ?? defaultUnit
    if (pair !== undefined) {
      measures.push(pair)
      index += 1
    } else if (unit !== undefined) {
      const { start, step } = first
      const end = own?.end ?? first.end
      measures.push(
        bounded({ value: toBase(first.value, unit), unit, rounding: step * unit.factor, start, end }, text),
      )
    }
  }
  return measures
}

/** A cell that is nothing but one size, with its words of bound. */
export function measureOfCell(text: string, defaultUnit?: Unit): Measure | undefined {
  const trimmed = text.trim()
  if (trimmed === '' || trimmed.length > 60) return undefined
  const measures = findMeasures(trimmed, defaultUnit)
  const [measure] = measures
  if (measure === undefined || measures.length !== 1) return undefined
  const rest = `${trimmed.slice(0, measure.start)} ${trimmed.slice(measure.end)}`
  const words = rest.replace(
    /\b(?:max|maximum|min|minimum|nominal|nom|typ|typical|approx|or|less|more|about|dc|ac|rms|each|per)\b\.?|[()~≈,.;]/gi,
    ' ',
  )
  return words.trim() === '' ? measure : undefined
}

/** The unit that a header names in brackets, after a comma or after a slash: `Current (mA)`. */
export function unitInHeader(header: string): { unit: Unit; rest: string } | undefined {
  const bracket = /[([]([^()[\]]{1,12})[)\]]\s*$/.exec(header)
  const tail = bracket ?? /[,/]\s*([^,/\s]{1,12})\s*$/.exec(header)
  if (tail === null) return undefined
  const unit = unitOf(tail[1] ?? '')
  return unit === undefined ? undefined : { unit, rest: header.slice(0, tail.index) }
}
