import { JobwrightError } from '../../base/errors.ts'
import { suggest } from '../../base/suggest.ts'

/** A cron of five fields as what it matches: each list in order, none of them empty. */
export interface Cron {
  minutes: readonly number[]
  hours: readonly number[]
  daysOfMonth: readonly number[]
  /** 1 to 12. */
  months: readonly number[]
  /** 0 is Sunday. */
  daysOfWeek: readonly number[]
  /** A crontab would run where either day matches; here both have to. */
  restrictsBothDays: boolean
}

interface Field {
  name: string
  min: number
  max: number
  /** The first one is `min`. */
  words?: readonly string[]
}

const monthWords = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC']
const dayWords = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT']

const minute: Field = { name: 'minute', min: 0, max: 59 }
const hour: Field = { name: 'hour', min: 0, max: 23 }
const dayOfMonth: Field = { name: 'day of month', min: 1, max: 31 }
const month: Field = { name: 'month', min: 1, max: 12, words: monthWords }
/** 7 is Sunday, too. */
const dayOfWeek: Field = { name: 'day of week', min: 0, max: 7, words: dayWords }
const fields = [minute, hour, dayOfMonth, month, dayOfWeek] as const

const fiveFields = 'minute, hour, day of month, month, day of week'

/** What the shorthands of other systems stand for. */
const shorthands: Record<string, string> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
}

/** Of the longest year. */
const daysOfMonths = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const

/**
 * Reads a cron of five fields.
 * @throws JobwrightError `bad_cron`, which says what to write instead
 */
export function parseCron(text: string): Cron {
  const [minuteText, hourText, domText, monthText, dowText] = splitFields(text)
  const cron: Cron = {
    minutes: parseField(minuteText, minute),
    hours: parseField(hourText, hour),
    daysOfMonth: parseField(domText, dayOfMonth),
    months: parseField(monthText, month),
    daysOfWeek: inOrder(parseField(dowText, dayOfWeek).map((day) => day % 7)),
    restrictsBothDays: !domText.startsWith('*') && !dowText.startsWith('*'),
  }
  const longest = Math.max(...cron.months.map((one) => daysOfMonths[one - 1] ?? 0))
  if (Math.min(...cron.daysOfMonth) > longest) {
    throw bad(
      `\`${text}\` never comes: no month that it names has a day ${Math.min(...cron.daysOfMonth)}`,
      'name another day or another month; the last day of each month is a schedule for each length of month',
    )
  }
  return cron
}

type FiveTexts = [minute: string, hour: string, dom: string, month: string, dow: string]

function splitFields(text: string): FiveTexts {
  const trimmed = text.trim()
  if (trimmed.startsWith('@')) throw shorthandError(trimmed)
  if (/^(CRON_)?TZ=/i.test(trimmed)) {
    const zone = /=(\S*)/.exec(trimmed)?.[1]
    throw bad(
      'a cron names no zone',
      `write the five fields alone, and \`timezone: ${zone}\` beside \`cron\``,
    )
  }
  const texts = trimmed.split(/\s+/)
  if (trimmed !== '' && texts.length === fields.length) return texts as FiveTexts
  const found = trimmed === '' ? 'it is empty' : `\`${trimmed}\` has ${texts.length}`
  throw bad(`a cron has five fields (${fiveFields}): ${found}`, fieldCountFix(texts))
}

function shorthandError(text: string): JobwrightError {
  const word = text.split(/\s+/)[0]?.toLowerCase() ?? ''
  if (word === '@every') return bad('`@every` is no cron', 'write `every: 5m` in the place of `cron`')
  if (word === '@reboot') return bad('`@reboot` is no time', 'write five fields, such as `30 2 * * *`')
  const meant = shorthands[word]
  return bad(
    `\`${text}\` is a shorthand`,
    meant ? `write \`${meant}\`` : suggest(word, Object.keys(shorthands)),
  )
}

function fieldCountFix(texts: readonly string[]): string {
  const [first, ...rest] = texts
  if (texts.length === 6 && first === '0')
    return `there are no seconds here: leave the first field out, \`${rest.join(' ')}\``
  if (texts.length === 6) return 'there are neither seconds nor years here: leave that field out'
  if (texts.length === 7)
    return 'there are no seconds and no years here: leave the first and the last field out'
  return 'such as `30 2 * * 1-5`: 02:30 from Monday to Friday'
}

function parseField(text: string, field: Field): number[] {
  const foreign = foreignFix(text, field)
  if (foreign) throw bad(`\`${text}\` is not known in a cron here (${field.name})`, foreign)
  return inOrder(text.split(',').flatMap((part) => parsePart(part, field)))
}

/** What Quartz and others have, and we do not. */
function foreignFix(text: string, field: Field): string | undefined {
  if (text.includes('?')) return 'write `*`'
  if (/^(L|LW|L-\d+)$/i.test(text))
    return 'there is no "last day": run on the first day of the next month (`0 0 1 * *`), or write a schedule for each length of month'
  if (/^\d{1,2}W$/i.test(text))
    return `there is no "nearest weekday": name days, such as \`1-3\`, and days of the week, \`1-5\``
  if (text.includes('#')) {
    const [day, nth] = text.split('#')
    const first = (Number(nth) - 1) * 7 + 1
    if (field === dayOfWeek && Number(nth) >= 1 && Number(nth) <= 4)
      return `both days have to match: write \`${first}-${first + 6}\` as day of month and \`${day}\` as day of week`
    return 'both days have to match: `1-7` as day of month and `1` as day of week is the first Monday'
  }
  if (field === dayOfWeek && /^\w+L$/i.test(text) && !isWord(text, field))
    return 'there is no "last": `22-28` as day of month is the fourth such day'
  return undefined
}

const isWord = (text: string, { words = [] }: Field) => words.includes(text.toUpperCase())

function parsePart(part: string, field: Field): number[] {
  const [range = '', stepText, ...more] = part.split('/')
  if (part === '' || more.length > 0) throw unreadable(part, field)
  const step = stepText === undefined ? 1 : parseStep(stepText, field)
  const { from, to } = parseRange(range, field, stepText)
  const found: number[] = []
  for (let value = from; value <= to; value += step) found.push(value)
  return found
}

function parseRange(range: string, field: Field, step: string | undefined): { from: number; to: number } {
  if (range === '*') return { from: field.min, to: field === dayOfWeek ? 6 : field.max }
  const [fromText = '', toText, ...more] = range.split('-')
  if (more.length > 0) throw unreadable(range, field)
  const from = parseValue(fromText, field)
  if (toText === undefined) {
    if (step === undefined) return { from, to: from }
    throw bad(
      `\`${range}/${step}\` (${field.name}): a step needs a range`,
      `write \`${from}-${field.max}/${step}\``,
    )
  }
  const end = parseValue(toText, field)
  const to = field === dayOfWeek && end === 0 && from > 0 ? 7 : end
  if (from <= to) return { from, to }
  const parts = `${fromText}-${field === dayOfWeek ? 6 : field.max},${field.min}-${toText}`
  throw bad(`\`${range}\` (${field.name}) ends before it begins`, `write \`${parts}\``)
}

function parseStep(text: string, field: Field): number {
  const step = /^\d{1,4}$/.test(text) ? Number(text) : 0
  if (step < 1)
    throw bad(`\`/${text}\` (${field.name}) is no step`, 'a step is a whole number from 1, such as `*/15`')
  if (step <= field.max - field.min) return step
  const every = field === minute ? `\`every: ${step}m\`` : field === hour ? `\`every: ${step}h\`` : '`every`'
  throw bad(
    `a step of ${step} is wider than the field (${field.name}, ${field.min} to ${field.max})`,
    `a cron begins anew with each ${field === minute ? 'hour' : 'day, month or year'}: write ${every} in its place`,
  )
}

function parseValue(text: string, field: Field): number {
  const { words = [], min, max, name } = field
  if (/^\d+$/.test(text)) {
    const value = Number(text)
    if (value >= min && value <= max) return value
    throw bad(`${text} is no ${name}`, `${name}: ${min} to ${max}`)
  }
  const index = words.indexOf(text.toUpperCase())
  if (index >= 0) return index + min
  throw unreadable(text, field)
}

function unreadable(text: string, { name, min, max, words }: Field): JobwrightError {
  const found = text === '' ? 'nothing' : `\`${text}\``
  const near = words && /^[a-z]+$/i.test(text) ? `${suggest(text.slice(0, 3), words)}; ` : ''
  return bad(
    `${found} stands where a ${name} is expected`,
    `${near}${name}: ${min} to ${max}${words ? ` or ${words[0]} to ${words.at(-1)}` : ''}, \`*\`, lists \`1,3\`, ranges \`1-5\`, steps \`*/2\``,
  )
}

const inOrder = (values: readonly number[]): number[] => [...new Set(values)].toSorted((a, b) => a - b)

const bad = (message: string, fix: string) =>
  new JobwrightError({ code: 'bad_cron', fault: 'usage', message, fix })
