import { jsonPointer } from './json-pointer.ts'

/**
 * JSON as text, looked at before it becomes a value: what is no JSON, and what JSON.parse would change or drop without
 * a word. Without recursion, so that no text is too deep to be looked at.
 */
export interface JsonTextProblem {
  kind: 'malformed' | 'too_deep' | 'duplicate_key' | 'inexact_number' | 'half_character'
  /** In characters. */
  offset: number
  /** Keys and indexes that lead there. */
  path: (string | number)[]
  /** What is wrong there, as the end of a sentence that begins with the place. */
  detail: string
}

/** After so many problems no more are looked for. */
const maxProblems = 20
/** Tokens between two pauses. */
const sliceTokens = 20_000

/** Everything that is wrong with a text (the first 20 things), with its place; of malformed text the first place that is no JSON comes last. */
export function jsonTextProblems(text: string, maxDepth: number, most = maxProblems): JsonTextProblem[] {
  const scanner = new JsonScanner(text, maxDepth, most)
  while (!scanner.scan(sliceTokens));
  return scanner.problems
}

/** The same, with a `pause` now and then: a large text does not hold up everything else. */
export async function jsonTextProblemsWithPauses(
  text: string,
  maxDepth: number,
  pause: () => Promise<void>,
): Promise<JsonTextProblem[]> {
  const scanner = new JsonScanner(text, maxDepth, maxProblems)
  while (!scanner.scan(sliceTokens)) await pause()
  return scanner.problems
}

/** How deeply arrays and objects nest in a JSON text, without building it. Of malformed text: a bound on it. */
export function nestingDepth(text: string): number {
  let depth = 0
  let deepest = 0
  let inString = false
  for (let at = 0; at < text.length; at++) {
    const character = text.charCodeAt(at)
    if (inString) {
      if (character === 0x5c) at++
      else if (character === 0x22) inString = false
    } else if (character === 0x22) inString = true
    else if (character === 0x5b || character === 0x7b) deepest = Math.max(deepest, ++depth)
    else if (character === 0x5d || character === 0x7d) depth--
  }
  return deepest
}

/**
 * Why a JSON number would not be the same number in JavaScript; undefined when it is. Whole numbers must come back digit
 * by digit; decimals are rounded to the nearest that there is, as everywhere, but never to nothing or to infinity.
 */
export function inexactNumber(literal: string): string | undefined {
  if (literal.length < 16 && !/[eE]/.test(literal)) return undefined
  const value = Number(literal)
  if (!Number.isFinite(value)) return 'is a number too large to be kept; give it as text, in quotes'
  if (value === 0)
    return /[1-9]/.test(literal.replace(/[eE].*/, ''))
      ? 'is a number too close to 0 to be kept; give it as text, in quotes'
      : undefined
  if (/[eE]/.test(literal) || Math.abs(value) <= Number.MAX_SAFE_INTEGER) return undefined
  return BigInt(literal.replace(/\..*/, '')) === BigInt(plainDigits(value))
    ? undefined
    : `is a number that would be kept as ${value}; whole numbers are exact up to ${Number.MAX_SAFE_INTEGER}, give it as text, in quotes`
}

/** The digits that JavaScript writes for a large number, without an exponent. */
function plainDigits(value: number): string {
  const [mantissa = '', exponent] = String(value).split('e+')
  if (exponent === undefined) return mantissa
  const [whole = '', fraction = ''] = mantissa.split('.')
  return whole + fraction.padEnd(Number(exponent), '0')
}

/**
 * A value as JSON text, when the text says all that the value does.
 * @returns the text, or why there is none: what JSON leaves out, turns into null or cannot end
 */
export function writeJsonText(value: unknown, maxDepth: number): { text: string } | { problem: string } {
  let text: string | undefined
  try {
    text = JSON.stringify(value)
    // NaN and Infinity become null; looking for them costs, and most values have no null at all.
    const place = text?.includes('null') ? placeOfNoNumber(value) : undefined
    if (place !== undefined) return { problem: place }
  } catch (error) {
    return { problem: error instanceof Error ? error.message : 'it cannot be written as JSON' }
  }
  if (text === undefined) return { problem: `found ${typeof value}, expected a JSON value` }
  const depth = nestingDepth(text)
  if (depth > maxDepth) return { problem: `it nests ${depth} deep; at most ${maxDepth} are kept` }
  const half = text.includes('\\ud')
    ? jsonTextProblems(text, maxDepth).find(({ kind }) => kind === 'half_character')
    : undefined
  return half === undefined
    ? { text }
    : { problem: `${jsonPointer(half.path).toWellFormed()} ${half.detail}` }
}

function placeOfNoNumber(value: unknown): string | undefined {
  let found: string | undefined
  JSON.stringify(value, (key, inner: unknown) => {
    if (typeof inner === 'number' && !Number.isFinite(inner))
      found ??= `${inner}${key === '' ? '' : ` at ${JSON.stringify(key)}`} is no JSON number; give it as text`
    return inner
  })
  return found
}

/** What may come next. */
type Expected = 'value' | 'value or ]' | 'key' | 'key or }' | ':' | ', or end'

/** An array or object that is open, and the place in it. An object knows its keys. */
interface Open {
  keys: Set<string> | undefined
  place: string | number
}

const scalar = /(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)|true|false|null/y

class JsonScanner {
  readonly problems: JsonTextProblem[] = []
  readonly #text: string
  readonly #maxDepth: number
  readonly #most: number
  readonly #open: Open[] = []
  readonly #scalar = new RegExp(scalar)
  #at = 0
  #expected: Expected = 'value'
  #done = false

  constructor(text: string, maxDepth: number, most: number) {
    this.#most = most
    this.#text = text
    this.#maxDepth = maxDepth
  }

  /** Looks at some more tokens; true once there is nothing more to look at. */
  scan(tokens: number): boolean {
    for (let left = tokens; left > 0 && !this.#done; left--) this.#token()
    return this.#done
  }

  #report(kind: JsonTextProblem['kind'], offset: number, detail: string): void {
    this.problems.push({ kind, offset, path: this.#open.map(({ place }) => place), detail })
    if (kind === 'malformed' || this.problems.length >= this.#most) this.#done = true
  }

  #malformed(offset: number): void {
    const found = offset >= this.#text.length ? 'ends too early' : 'is no JSON'
    this.#report('malformed', offset, found)
  }

  #token(): void {
    while (' \t\n\r'.includes(this.#text.charAt(this.#at)) && this.#at < this.#text.length) this.#at++
    if (this.#at >= this.#text.length) {
      if (this.#expected !== ', or end' || this.#open.length > 0) this.#malformed(this.#at)
      this.#done = true
      return
    }
    const character = this.#text.charAt(this.#at)
    if (character === '"') this.#string()
    else if ('{[}]:,'.includes(character)) this.#punctuation(character)
    else this.#scalarValue()
  }

  get #expectsValue(): boolean {
    return this.#expected === 'value' || this.#expected === 'value or ]'
  }

  #punctuation(character: string): void {
    const within = this.#open.at(-1)
    const isEnd = this.#expected === ', or end'
    if ((character === '{' || character === '[') && this.#expectsValue) this.#begin(character)
    else if (character === '}' && (this.#expected === 'key or }' || (isEnd && within?.keys))) this.#end()
    else if (character === ']' && (this.#expected === 'value or ]' || (isEnd && within && !within.keys)))
      this.#end()
    else if (character === ':' && this.#expected === ':') this.#expected = 'value'
    else if (character === ',' && isEnd && within) {
      if (typeof within.place === 'number') within.place += 1
      this.#expected = within.keys ? 'key' : 'value'
    } else {
      this.#malformed(this.#at)
      return
    }
    this.#at += 1
  }

  #begin(character: '{' | '['): void {
    // Once for all that is beneath.
    if (this.#open.length === this.#maxDepth)
      this.#report('too_deep', this.#at, `nests more than ${this.#maxDepth} deep`)
    const isObject = character === '{'
    this.#open.push(isObject ? { keys: new Set(), place: '' } : { keys: undefined, place: 0 })
    this.#expected = isObject ? 'key or }' : 'value or ]'
  }

  #end(): void {
    this.#open.pop()
    this.#expected = ', or end'
  }

  #scalarValue(): void {
    this.#scalar.lastIndex = this.#at
    const match = this.#expectsValue ? this.#scalar.exec(this.#text) : null
    if (!match) {
      this.#malformed(this.#at)
      return
    }
    const problem = match[1] === undefined ? undefined : inexactNumber(match[1])
    if (problem !== undefined) this.#report('inexact_number', this.#at, problem)
    this.#at += match[0].length
    this.#expected = ', or end'
  }

  #string(): void {
    const isKey = this.#expected === 'key' || this.#expected === 'key or }'
    const read = isKey || this.#expectsValue ? readString(this.#text, this.#at) : undefined
    if (read === undefined || 'bad' in read) {
      this.#malformed(read?.bad ?? this.#at)
      return
    }
    const raw = this.#text.slice(this.#at, read.end)
    const plain = read.isPlain ? raw.slice(1, -1) : (JSON.parse(raw) as string)
    const within = this.#open.at(-1)
    if (isKey && within?.keys) {
      within.place = plain
      if (within.keys.has(plain)) this.#report('duplicate_key', this.#at, 'stands twice in its object')
      within.keys.add(plain)
    }
    if (!read.isPlain && !plain.isWellFormed())
      this.#report('half_character', this.#at, 'holds half of a surrogate pair, which is not a character')
    this.#at = read.end
    this.#expected = isKey ? ':' : ', or end'
  }
}

/** Where the string that begins here ends, and whether it is as it is written; or what in it no string may hold. One that is not closed is bad from its quote on. */
function readString(text: string, from: number): { end: number; isPlain: boolean } | { bad: number } {
  let isPlain = true
  for (let at = from + 1; at < text.length; at++) {
    const character = text.charCodeAt(at)
    if (character === 0x22) return { end: at + 1, isPlain }
    if (character < 0x20) return { bad: at }
    if (character === 0x5c) {
      isPlain = false
      at += 1
      if (text.charAt(at) === 'u') {
        if (!/^[0-9a-fA-F]{4}$/.test(text.slice(at + 1, at + 5))) return { bad: at - 1 }
        at += 4
      } else if (!'"\\/bfnrt'.includes(text.charAt(at) || ' ')) return { bad: at - 1 }
    } else if (character >= 0xd800 && character <= 0xdfff) isPlain = false
  }
  return { bad: from }
}
