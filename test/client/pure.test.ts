import { describe, expect, test } from 'vitest'
import { classifyFetchFailure, classifyStatus } from '../../src/client/errors.ts'
import { buildPath, buildQuery, excerpt, redact } from '../../src/client/request.ts'
import { parseRetryAfter } from '../../src/client/retry-after.ts'

describe('Retry-After', () => {
  const now = Date.parse('2026-04-13T10:00:00Z')

  test.each([
    ['0', 0],
    ['120', 120_000],
    [' 5 ', 5000],
    ['99999999999', 86_400_000],
    ['Mon, 13 Apr 2026 10:00:30 GMT', 30_000],
    ['Mon, 13 Apr 2026 09:00:00 GMT', 0],
  ])('%j is a delay', (value, expected) => {
    expect(parseRetryAfter(value, now)).toBe(expected)
  })

  test.each([
    null,
    '',
    '-1',
    '1.5',
    'soon',
    '1e3',
    '0x10',
    'Monday 5',
    '2026-04-13T10:00:30Z',
    'Mon, 99 Apr 2026 10:00:30 GMT',
  ])('%j is garbage', (value) => {
    expect(parseRetryAfter(value, now)).toBeUndefined()
  })

  test('is measured by the clock of the server that sent it', () => {
    expect(parseRetryAfter('Mon, 13 Apr 2026 12:00:30 GMT', now, 'Mon, 13 Apr 2026 12:00:00 GMT')).toBe(
      30_000,
    )
  })
})

describe('The classification', () => {
  test('of every status: 4xx is rejected, but for 408, 409, 425 and 429', () => {
    const rejected = Array.from({ length: 500 }, (_, index) => index + 100).filter(
      (status) => classifyStatus(status) === 'rejected',
    )
    expect(rejected).toEqual(
      Array.from({ length: 100 }, (_, index) => index + 400).filter(
        (status) => ![408, 409, 425, 429].includes(status),
      ),
    )
  })

  test('of several addresses: not sent only if none of them was reached', () => {
    const refused = { code: 'ECONNREFUSED' }
    const reset = { code: 'ECONNRESET' }
    expect(
      classifyFetchFailure({ cause: { errors: [refused, { code: 'ENETUNREACH', syscall: 'connect' }] } })
        .kind,
    ).toBe('not_sent')
    expect(classifyFetchFailure({ cause: { code: 'ECONNREFUSED', errors: [refused, reset] } }).kind).toBe(
      'ambiguous',
    )
  })

  test('of an unreachable host: not sent while connecting, ambiguous afterwards', () => {
    expect(classifyFetchFailure({ cause: { code: 'EHOSTUNREACH', syscall: 'connect' } }).kind).toBe(
      'not_sent',
    )
    expect(classifyFetchFailure({ cause: { code: 'EHOSTUNREACH', syscall: 'read' } }).kind).toBe('ambiguous')
    expect(classifyFetchFailure({ cause: { code: 'ETIMEDOUT', syscall: 'read' } }).kind).toBe('ambiguous')
  })

  test('of causes that go round in circles, and of things that are no errors, ends', () => {
    const circle: { cause?: unknown } = {}
    circle.cause = circle
    for (const thing of [circle, null, undefined, 'text', 7])
      expect(classifyFetchFailure(thing).kind).toBe('ambiguous')
  })
})

describe('A path', () => {
  test('encodes each parameter, and keeps the slashes of a document path', () => {
    expect(buildPath('/documents/{collection}/{path}', { collection: 'a/b?#%', path: 'x/y z' })).toBe(
      '/documents/a%2Fb%3F%23%25/x/y%20z',
    )
  })

  test('refuses a parameter that is not there', () => {
    expect(() => buildPath('/jobs/{toString}', {})).toThrow('the parameter toString is missing')
  })
})

describe('A query', () => {
  test('repeats lists and leaves out what is undefined', () => {
    expect(buildQuery({ a: ['1', '2'], b: undefined, c: 0, d: [] }).toString()).toBe('a=1&a=2&c=0')
  })
})

describe('An excerpt', () => {
  test('is redacted before it is cut', () => {
    expect(excerpt(`abc${'secret'}def`, ['secret'], 6)).toBe('abc***…')
    expect(redact('aaaaab', ['aaaa', 'aaaaa', ''])).toBe('***b')
    // Too short to be hidden: it would take half of the message with it.
    expect(redact('expected text', ['x'])).toBe('expected text')
  })
})
