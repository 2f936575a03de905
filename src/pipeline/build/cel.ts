import { isForbiddenMember } from '../../expressions/index.ts'

/*
 * CEL as it is put together: text with what binds how strongly, so that parentheses stand only where they are needed.
 */

/** A variable of `exists` or `all`, which gets its name when all around it is known. */
export interface CelVariable {
  readonly wanted: string
}

export interface Cel {
  readonly parts: readonly (string | CelVariable)[]
  readonly binds: number
}

/** From the weakest to the strongest. */
export const binding = {
  choice: 0,
  or: 1,
  and: 2,
  relation: 3,
  sum: 4,
  product: 5,
  sign: 6,
  member: 7,
} as const

export function cel(binds: number, ...parts: (string | Cel)[]): Cel {
  return { binds, parts: parts.flatMap((part) => (typeof part === 'string' ? [part] : part.parts)) }
}

/** In parentheses unless it binds at least so strongly. */
export function bound(inner: Cel, atLeast: number): Cel {
  return inner.binds >= atLeast ? inner : cel(binding.member, '(', inner, ')')
}

export function joined(items: readonly Cel[], separator: string): (string | Cel)[] {
  return items.flatMap((item, index) => (index === 0 ? [item] : [separator, item]))
}

/** As it stands in a plan. */
export function celSource({ parts }: Cel): string {
  return parts.map((part) => (typeof part === 'string' ? part : part.wanted)).join('')
}

const plainName = /^[A-Za-z_][A-Za-z0-9_]*$/
/** Words that CEL keeps for itself. */
const reserved: ReadonlySet<string> = new Set(
  'true false null in as break const continue else for function if import let loop namespace package return var void while'.split(
    ' ',
  ),
)

/** A field of a value, or an item of a list. */
export function member(owner: Cel, name: string): Cel {
  const inner = bound(owner, binding.member)
  if (/^(0|[1-9]\d{0,14})$/.test(name)) return cel(binding.member, inner, `[${name}]`)
  // A name that is refused stays as it is, so that it is refused.
  if ((plainName.test(name) && !reserved.has(name)) || isForbiddenMember(name))
    return cel(binding.member, inner, `.${name}`)
  return cel(binding.member, inner, `[${quoted(name)}]`)
}

/** A text as CEL writes it. */
export function quoted(text: string): string {
  const escaped = text.replaceAll(/["\\\p{Cc}\u2028\u2029]/gu, (character) => {
    const known = escapes.get(character)
    return known ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
  return `"${escaped}"`
}

const escapes: ReadonlyMap<string, string> = new Map([
  ['"', '\\"'],
  ['\\', '\\\\'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
])

/** A finite number as CEL writes it. Whole numbers beyond what it counts exactly become doubles. */
export function numeral(value: number): Cel {
  const exact = !Number.isInteger(value) || Number.isSafeInteger(value)
  const text = Object.is(value, -0) ? '0' : exact ? String(value) : value.toExponential()
  return cel(value < 0 ? binding.sign : binding.member, text)
}

/** Raw CEL binds as weakly as it may, unless it is plainly a path, a call or a literal. */
export function rawBinding(source: string): number {
  return /^[A-Za-z_][\w.]*(\([^()"']*\))?$|^\d+(\.\d+)?$|^"[^"\\]*"$|^'[^'\\]*'$/.test(source)
    ? binding.member
    : binding.choice
}

/** Names that a variable would hide. */
const known = ['inputs', 'steps', 'item', 'index', 'pipeline', 'secrets']

/**
 * Gives a variable a name that nothing else in its body has.
 * @returns the name, and the body with it
 */
export function named(variable: CelVariable, body: Cel): { name: string; body: Cel } {
  // Fields have names, too: `issue.issue` is no clash.
  const words = new Set(
    body.parts.flatMap((part) =>
      typeof part === 'string' ? (part.match(/(?<![\w.])[A-Za-z_]\w*/g) ?? []) : [],
    ),
  )
  const clashes = (name: string) =>
    words.has(name) || known.includes(name) || reserved.has(name) || isForbiddenMember(name)
  const wanted = plainName.test(variable.wanted) ? variable.wanted : 'x'
  let name = wanted
  for (let number = 2; clashes(name); number += 1) name = `${wanted}${number}`
  return {
    name,
    body: { ...body, parts: body.parts.map((part) => (part === variable ? name : part)) },
  }
}
