import { toBase, type Unit, unitAt, unitOf } from './units.ts'

/** What a text says about a size: a point, a range or a bound, in base units. */
export interface Measure {
  /** The point; for `24 V ± 2 V` its middle. Undefined for a mere range or bound. */
  value?: number
  lower?: number
  upper?: number
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
const rangeJoint = /^\s*(?:–|—|−|-|\.{2,3}|…|to|and)\s*(?=[-+−]?\d)/
const toleranceJoint = /^\s*(?:±|\+\/-|\+-)\s*(?=\d)/
const upperWords =
  /(?:≤|<=?|=<|\bnot exceed(?:ing)?|\bnot be (?:more|greater|higher) than|\b(?:no|not) (?:more|greater|higher|longer|later) than|\bat most|\bup to|\bmax(?:imum)?\.?(?: of)?|(?<!\b(?:no|not) )\b(?:less|lower|shorter) than|\bbelow|\blimited to|\bwithin)[:\s]*$/i
const lowerWords =
  /(?:≥|>=?|=>|\b(?:no|not) (?:less|lower|fewer|shorter) than|\bnot be (?:less|lower) than|\bat least|\bmin(?:imum)?\.?(?: of)?|\b(?:more|greater|higher|longer) than|\babove|\bexceed(?:s|ing)?)[:\s]*$/i
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
  const numbers: NumberAt[] = []
  for (const match of text.matchAll(numberPattern)) {
    const number = parseNumber(match[0])
    if (number !== undefined)
      numbers.push({ ...number, start: match.index, end: match.index + match[0].length })
  }
  return numbers
}

function joined(text: string, from: number, next: NumberAt | undefined, joint: RegExp): boolean {
  if (next === undefined || next.start - from > 12) return false
  const match = joint.exec(text.slice(from, from + 14))
  if (match === null) return false
  const at = from + match[0].length
  return at === next.start || (at === next.start + 1 && /[-+−–]/.test(text[next.start] ?? ''))
}

/** The sign that the number pattern took for its own although it joins a range: `22-28`. */
function unsigned(number: NumberAt, text: string): NumberAt {
  return /[-–−]/.test(text[number.start] ?? '') &&
    /\d\s*$/.test(text.slice(Math.max(0, number.start - 3), number.start))
    ? { ...number, value: Math.abs(number.value) }
    : number
}

function bounded(measure: Measure, text: string): Measure {
  const { value } = measure
  if (value === undefined || measure.lower !== undefined || measure.upper !== undefined) return measure
  const from = Math.max(0, measure.start - 40)
  const before = text.slice(from, measure.start)
  const after = text.slice(measure.end, measure.end + 16)
  if (/(?:~|≈|\b(?:about|approx(?:imately)?|around|roughly|nearly|some|ca)\.?)\s*$/i.test(before))
    return { ...measure, approximate: true }
  const { value: _, ...rest } = measure
  const upper = upperWords.exec(before)
  // "exceed" is the end of "not exceed" too, so the upper bound is looked at first.
  if (upper !== null) return { ...rest, upper: value, start: from + upper.index }
  const lower = lowerWords.exec(before)
  if (lower !== null) return { ...rest, lower: value, start: from + lower.index }
  if (upperAfter.test(after)) return { ...rest, upper: value }
  if (lowerAfter.test(after)) return { ...rest, lower: value }
  return measure
}

function withTolerance(
  point: NumberAt,
  unit: Unit,
  tolerance: NumberAt,
  toleranceUnit: Unit | undefined,
  end: number,
): Measure {
  const middle = toBase(point.value, unit)
  const half =
    toleranceUnit?.symbol === '%' && unit.symbol !== '%'
      ? Math.abs(middle * tolerance.value) / 100
      : Math.abs(tolerance.value * (toleranceUnit ?? unit).factor)
  return {
    value: middle,
    lower: middle - half,
    upper: middle + half,
    unit,
    rounding: point.step * unit.factor,
    start: point.start,
    end,
  }
}

/**
 * Every size in a text, in order. `defaultUnit` is for numbers without a unit (a table column that names it once);
 * without it, numbers without a unit are no sizes.
 */
export function findMeasures(text: string, defaultUnit?: Unit): Measure[] {
  const numbers = numbersIn(text)
  const measures: Measure[] = []
  for (let index = 0; index < numbers.length; index += 1) {
    const first = numbers[index] as NumberAt
    const own = unitAt(text, first.end)
    const firstEnd = own?.end ?? first.end
    const next = numbers[index + 1]
    if (next !== undefined && joined(text, firstEnd, next, toleranceJoint)) {
      const nextUnit = unitAt(text, next.end)
      const unit =
        own?.unit ?? (nextUnit?.unit.symbol === '%' ? defaultUnit : (nextUnit?.unit ?? defaultUnit))
      if (unit !== undefined) {
        measures.push(withTolerance(first, unit, next, nextUnit?.unit, nextUnit?.end ?? next.end))
        index += 1
        continue
      }
    }
    if (next !== undefined && joined(text, firstEnd, next, rangeJoint)) {
      const nextUnit = unitAt(text, next.end)
      const unit = nextUnit?.unit ?? own?.unit ?? defaultUnit
      if (unit !== undefined && (own === undefined || own.unit.dimension === unit.dimension)) {
        const last = unsigned(next, text)
        const ends = [toBase(first.value, own?.unit ?? unit), toBase(last.value, unit)].sort((a, b) => a - b)
        measures.push({
          lower: ends[0] as number,
          upper: ends[1] as number,
          unit,
          rounding: Math.max(first.step, next.step) * unit.factor,
          start: first.start,
          end: nextUnit?.end ?? next.end,
        })
        index += 1
        continue
      }
    }
    const unit = own?.unit ?? defaultUnit
    if (unit === undefined) continue
    const point = {
      value: toBase(first.value, unit),
      unit,
      rounding: first.step * unit.factor,
      start: first.start,
      end: firstEnd,
    }
    measures.push(bounded(point, text))
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
