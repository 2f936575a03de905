import { malformed } from '../errors.ts'

/** JSON with the line of every value. */
export type LocatedJson =
  | { kind: 'scalar'; line: number; value: string | number | boolean | null; text: string }
  | { kind: 'list'; line: number; items: LocatedJson[] }
  | { kind: 'object'; line: number; fields: { key: string; value: LocatedJson }[] }

const maxDepth = 100
const numberPattern = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y

/**
 * Parses a JSON document. Numbers keep their text, so that `5.0` does not lose its digit.
 * @throws AnalysisError document_malformed, with the line
 */
export function parseJson(path: string, text: string): LocatedJson {
  let position = 0
  let line = 1

  const fail = (found: string): never => {
    throw malformed({ document: path, line }, found, 'expected valid JSON')
  }
  const show = (): string => (position < text.length ? JSON.stringify(text[position]) : 'the end')
  const skipSpace = (): void => {
    for (; position < text.length; position += 1) {
      const character = text[position]
      if (character === '\n') line += 1
      else if (character !== ' ' && character !== '\t' && character !== '\r') return
    }
  }
  const readString = (): string => {
    const from = position
    for (position += 1; position < text.length; position += 1) {
      const character = text[position]
      if (character === '\\') position += 1
      else if (character === '\n') fail('a line break inside a string')
      else if (character === '"') {
        position += 1
        try {
          return JSON.parse(text.slice(from, position)) as string
        } catch {
          return fail('a string with an invalid escape or control character')
        }
      }
    }
    return fail('a string that never closes')
  }
  const readScalar = (): LocatedJson => {
    for (const [word, value] of [
      ['true', true],
      ['false', false],
      ['null', null],
    ] as const)
      if (text.startsWith(word, position)) {
        position += word.length
        return { kind: 'scalar', line, value, text: word }
      }
    numberPattern.lastIndex = position
    const found = numberPattern.exec(text)
    if (found === null) return fail(`${show()} where a value was expected`)
    position += found[0].length
    return { kind: 'scalar', line, value: Number(found[0]), text: found[0] }
  }
  const expect = (character: string): void => {
    skipSpace()
    if (text[position] !== character) fail(`${show()} where ${JSON.stringify(character)} was expected`)
    position += 1
  }
  /** After an item: true when another one follows. */
  const more = (close: string): boolean => {
    skipSpace()
    if (text[position] === ',') {
      position += 1
      return true
    }
    expect(close)
    return false
  }
  const readValue = (depth: number): LocatedJson => {
    if (depth > maxDepth) fail(`values nested deeper than ${maxDepth}`)
    skipSpace()
    const start = line
    if (text[position] === '"') {
      const value = readString()
      return { kind: 'scalar', line: start, value, text: value }
    }
    if (text[position] === '[') {
      position += 1
      skipSpace()
      const items: LocatedJson[] = []
      if (text[position] === ']') position += 1
      else
        do items.push(readValue(depth + 1))
        while (more(']'))
      return { kind: 'list', line: start, items }
    }
    if (text[position] === '{') {
      position += 1
      skipSpace()
      const fields: { key: string; value: LocatedJson }[] = []
      if (text[position] === '}') position += 1
      else
        do {
          skipSpace()
          if (text[position] !== '"') fail(`${show()} where a field name was expected`)
          const key = readString()
          expect(':')
          fields.push({ key, value: readValue(depth + 1) })
        } while (more('}'))
      return { kind: 'object', line: start, fields }
    }
    return readScalar()
  }

  const value = readValue(0)
  skipSpace()
  if (position < text.length) fail(`${show()} after the end of the value`)
  return value
}
