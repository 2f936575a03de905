import { describe, expect, test } from 'vitest'
import { causesOf, codeOf, messageOf, messageWithCauses, rootMessageOf } from '../../src/base/causes.ts'
import { JobwrightError } from '../../src/base/errors.ts'

const refused = (address: string) =>
  Object.assign(new Error(`connect ECONNREFUSED ${address}`), { code: 'ECONNREFUSED' })
const ours = new JobwrightError({
  code: 'port_in_use',
  fault: 'unreachable',
  message: 'port 1 is in use',
  fix: 'choose another',
})

describe('the causes of an error', () => {
  test('are told outermost first, the errors of several tries included', () => {
    const tries = [refused('::1:80'), refused('127.0.0.1:80')]
    const both = new AggregateError(tries, '')
    const outer = new Error('fetch failed', { cause: both })
    expect(causesOf(outer)).toEqual([outer, both, ...tries])
  })

  test('end, though they go round in a circle or never end', () => {
    const first = new Error('first')
    const second = new AggregateError([first], 'second', { cause: first })
    first.cause = second
    expect(causesOf(first)).toEqual([first, second])
    let deep = new Error('0')
    for (let depth = 1; depth < 1000; depth++) deep = new Error(`${depth}`, { cause: deep })
    expect(causesOf(deep)).toHaveLength(20)
  })

  test('need not be errors; what is no error in a field of that name is none', () => {
    expect(causesOf('text')).toEqual(['text'])
    expect(causesOf({ cause: 'text', errors: [{ pointer: '/a' }] })).toHaveLength(2)
    expect(causesOf(new Error('x', { cause: null }))).toHaveLength(2)
    const reasons = [{ code: 'E1', message: 'busy' }, 'text']
    expect(messageWithCauses(new AggregateError(reasons, 'none of them'))).toBe('none of them: busy: text')
  })
})

describe('a message', () => {
  class Silent extends Error {}
  test.each<[string, unknown, string]>([
    ['of an error', new Error('broken'), 'broken'],
    ['of one of ours, with what to do', ours, 'port 1 is in use; choose another'],
    [
      'of an error with a code and no text',
      Object.assign(new Error(''), { code: 'ECONNREFUSED' }),
      'ECONNREFUSED',
    ],
    ['of an error without anything', Object.assign(new Silent(), { name: 'Silent' }), 'Silent'],
    ['of a thrown text', 'just text', 'just text'],
    ['of a thrown nothing', undefined, 'undefined'],
    ['of a thrown object', { code: 'x', message: 'broken' }, 'broken'],
    ['of a thrown code', { code: 12 }, '12'],
    ['of an object that says nothing, without its values', { token: 'secret' }, 'an object with token'],
    ['of an empty object', {}, 'an object with no fields'],
    ['of an object without a prototype', Object.create(null), 'an object with no fields'],
  ])('%s', (_what, thrown, message) => {
    expect(messageOf(thrown)).toBe(message)
  })

  test('with its causes says each once', () => {
    const root = refused('127.0.0.1:1')
    const error = new Error('fetch failed', { cause: new Error('fetch failed', { cause: root }) })
    expect(messageWithCauses(error)).toBe('fetch failed: connect ECONNREFUSED 127.0.0.1:1')
    expect(rootMessageOf(error)).toBe('connect ECONNREFUSED 127.0.0.1:1')
    expect(rootMessageOf(new AggregateError([root], ''))).toBe('connect ECONNREFUSED 127.0.0.1:1')
  })
})

test('a code is text, whatever carries it', () => {
  expect([ours, refused('x'), { code: 'x' }].map(codeOf)).toEqual(['port_in_use', 'ECONNREFUSED', 'x'])
  expect([{ code: 5 }, new Error('x'), 'text', null, undefined].map(codeOf)).toEqual(Array(5).fill(undefined))
})
