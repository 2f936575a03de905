import { ExpressionError } from './errors.ts'

/** Positions in text counted in characters (Unicode code points), as `size()` counts: the library counts them in UTF-16 units. */

const hasPairs = (text: string): boolean => /[\uD800-\uDBFF]/.test(text)

/** How many UTF-16 units the first `count` characters take; undefined when there are not so many. */
function unitsOf(text: string, count: number): number | undefined {
  if (!hasPairs(text)) return count >= 0 && count <= text.length ? count : undefined
  let units = 0
  for (let left = count; left > 0; left -= 1) {
    if (units >= text.length) return undefined
    units += (text.codePointAt(units) as number) > 0xffff ? 2 : 1
  }
  return count < 0 ? undefined : units
}

function countOf(text: string, units: number): number {
  return hasPairs(text) ? Array.from(text.slice(0, units)).length : units
}

function outOfRange(method: string): ExpressionError {
  return new ExpressionError('expression_failed', `${method}(): the position is outside of the text`)
}

function search(text: string, wanted: string, from: number | undefined, last: boolean): number {
  const units = from === undefined ? undefined : unitsOf(text, from)
  const name = last ? 'lastIndexOf' : 'indexOf'
  if (from !== undefined && wanted === '') return from
  if (from !== undefined && (units === undefined || units >= text.length)) throw outOfRange(name)
  const found = last ? text.lastIndexOf(wanted, units) : text.indexOf(wanted, units)
  return found === -1 ? -1 : countOf(text, found)
}

function substring(text: string, start: number, end: number | undefined): string {
  const from = unitsOf(text, start)
  const to = end === undefined ? text.length : unitsOf(text, end)
  if (from === undefined || to === undefined || to < from) throw outOfRange('substring')
  return text.slice(from, to)
}

function split(text: string, separator: string, limit: number | undefined): string[] {
  const parts = separator === '' ? Array.from(text) : text.split(separator)
  if (limit === 0) return []
  if (limit === undefined || limit < 0 || parts.length <= limit) return parts
  return [...parts.slice(0, limit - 1), parts.slice(limit - 1).join(separator)]
}

type Method = (text: string, first: unknown, second: number | undefined) => unknown

/** The methods of a text that know positions; their first argument, then the second where there is one. */
const methods: ReadonlyMap<string, Method> = new Map<string, Method>([
  ['indexOf', (text, wanted, from) => BigInt(search(text, String(wanted), from, false))],
  ['lastIndexOf', (text, wanted, from) => BigInt(search(text, String(wanted), from, true))],
  ['substring', (text, start, end) => substring(text, Number(start), end)],
  ['split', (text, separator, limit) => split(text, String(separator), limit)],
])

export function countsCharacters(method: string): boolean {
  return methods.has(method)
}

/**
 * Calls one of these methods.
 * @throws ExpressionError `expression_type` for operands of other types
 */
export function callWithCharacters(method: string, receiver: unknown, args: readonly unknown[]): unknown {
  const [first, second] = args
  const isFitting =
    typeof receiver === 'string' &&
    typeof first === (method === 'substring' ? 'bigint' : 'string') &&
    (second === undefined || typeof second === 'bigint') &&
    args.length <= 2
  const call = methods.get(method)
  if (!isFitting || !call) {
    const found = [receiver, ...args].map((each) => (typeof each === 'bigint' ? 'int' : typeof each))
    throw new ExpressionError(
      'expression_type',
      `no such overload: ${found[0]}.${method}(${found.slice(1).join(', ')})`,
    )
  }
  return call(receiver, first, second === undefined ? undefined : Number(second))
}
