import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { jsonTextProblems, nestingDepth, writeJsonText } from '../../src/base/json-text.ts'

const malformedAt = (text: string) => {
  const malformed = jsonTextProblems(text, 1_000_000).find(({ kind }) => kind === 'malformed')
  return malformed?.offset ?? text.length
}
const problemsOf = (text: string, maxDepth = 64) =>
  jsonTextProblems(text, maxDepth).map(({ kind, path }) => `${kind} ${path.join('/')}`)

describe('where a text stops being JSON', () => {
  it.each([
    ['', 0],
    ['{', 1],
    ['{"a":}', 5],
    ['[1,]', 3],
    ['abc', 0],
    ['{"a":1}}', 7],
    ['{"a":01}', 6],
    [' \n {"a":1,}', 10],
    ['{"a" 1}', 5],
    ['[1 2]', 3],
    ['{"a":"b', 5],
    ['{1:2}', 1],
    ['[}', 1],
    ['nul', 0],
  ])('in %j at %i', (text, offset) => {
    expect(() => JSON.parse(text)).toThrow()
    expect(malformedAt(text)).toBe(offset)
  })

  it('is nowhere before the end of any JSON text, however it is cut off', () => {
    const texts = fc.tuple(fc.json(), fc.nat(), fc.boolean())
    fc.assert(
      fc.property(texts, ([json, cut, spaced]) => {
        const text = spaced ? JSON.stringify(JSON.parse(json), null, 2) : json
        expect(malformedAt(text)).toBe(text.length)
        const part = text.slice(0, cut % (text.length + 1))
        expect(malformedAt(part)).toBeLessThanOrEqual(part.length)
      }),
    )
  })

  it('is found in a megabyte, too', () => {
    const long = 'x'.repeat(1_000_000)
    expect(malformedAt(`{"a":"${long}",}`)).toBe(long.length + 8)
    expect(malformedAt(`{"a":"${'\\n'.repeat(500_000)}`)).toBe(5)
    expect(malformedAt('['.repeat(1_000_000))).toBe(1_000_000)
  })
})

describe('a JSON text', () => {
  it('is measured in depth without being built', () => {
    expect(nestingDepth('{"a":[{"b":"[[[[{{{{\\"[["}]}')).toBe(3)
    expect(nestingDepth('['.repeat(100_000))).toBe(100_000)
    fc.assert(fc.property(fc.jsonValue(), (value) => nestingDepth(JSON.stringify(value)) === depthOf(value)))
  })
})

describe('what a value in JavaScript cannot hold', () => {
  it('is found with its place', () => {
    expect(problemsOf('{"a":1,"b":{"c":[{"d":1,"d":2}]},"\\u0061":3}')).toEqual([
      'duplicate_key b/c/0/d',
      'duplicate_key a',
    ])
    expect(problemsOf('{"a":"\\ud800","b":["\\ud83d\\ude00","\\udc00"]}')).toEqual([
      'half_character a',
      'half_character b/1',
    ])
    expect(problemsOf('[[[1]],[[2]]]', 2)).toEqual(['too_deep 0/0', 'too_deep 1/0'])
    expect(problemsOf(`${'['.repeat(100_000)}${']'.repeat(100_000)}`)).toHaveLength(1)
  })

  it.each([
    '9007199254740993',
    '-12345678901234567890',
    '12345678901234567.5',
    '1e400',
    '-1e400',
    `1${'0'.repeat(400)}`,
    '1e-400',
    `0.${'0'.repeat(400)}1`,
  ])('is no number such as %s', (number) => {
    expect(problemsOf(`{"n":[${number}]}`)).toEqual(['inexact_number n/0'])
  })

  it.each(['9007199254740991', '-0', '0e-500', '1e300', '3.14159265358979323846', '100000000000000000000'])(
    'is not %s',
    (number) => {
      expect(problemsOf(number)).toEqual([])
    },
  )

  it('is nothing that JavaScript wrote', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.maxSafeInteger()),
        (value) => {
          expect(problemsOf(JSON.stringify(value))).toEqual([])
        },
      ),
    )
  })
})

describe('a value written as JSON', () => {
  it('says all that the value does, or is refused', () => {
    const deep = JSON.parse(`${'['.repeat(7_000)}${']'.repeat(7_000)}`) as unknown
    const circle: unknown[] = []
    circle.push(circle)
    for (const value of [
      { a: [Number.NaN] },
      Number.POSITIVE_INFINITY,
      1n,
      undefined,
      deep,
      circle,
      ['\ud800'],
    ])
      expect(writeJsonText(value, 64)).toEqual({ problem: expect.any(String) })
    for (const value of [null, { a: null, b: 'null', c: [1.5, '😀'] }, '\\ud800'])
      expect(writeJsonText(value, 64)).toEqual({ text: JSON.stringify(value) })
  })
})

function depthOf(value: unknown): number {
  if (value === null || typeof value !== 'object') return 0
  return 1 + Math.max(0, ...Object.values(value).map(depthOf))
}
