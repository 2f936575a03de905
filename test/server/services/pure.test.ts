import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../../src/base/json.ts'
import { jsonPointer, pointerPath } from '../../../src/base/json-pointer.ts'
import { documentPathProblem, nameProblem } from '../../../src/server/services/document-path.ts'
import {
  idempotencyKey,
  idempotencyKeyProblem,
  keyedValue,
} from '../../../src/server/services/idempotency.ts'
import { jobName } from '../../../src/server/services/job-name.ts'
import { mediaTypeProblem } from '../../../src/server/services/media-type.ts'
import { mergePatch } from '../../../src/server/services/merge-patch.ts'
import { parseTimestamp } from '../../../src/server/services/timestamps.ts'

describe('merge patch', () => {
  // The test cases of RFC 7396, appendix A, as far as both sides are objects.
  const cases: [JsonObject, JsonObject, JsonObject][] = [
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ]
  it.each(cases)('merges as RFC 7396 has it: %j with %j', (target, patch, merged) => {
    expect(mergePatch(target, patch)).toEqual(merged)
  })

  it('replaces references as a whole instead of mixing two of them', () => {
    const target = { key: { $secret: 'OLD' }, plain: { a: 1 } }
    expect(
      mergePatch(target, { key: { $template: ['x', { $secret: 'B' }] }, plain: { $secret: 'P' } }),
    ).toEqual({
      key: { $template: ['x', { $secret: 'B' }] },
      plain: { $secret: 'P' },
    })
    expect(mergePatch(target, { key: { a: 1 } })).toEqual({ key: { a: 1 }, plain: { a: 1 } })
  })

  it('changes neither of its arguments', () => {
    const target = { a: { b: 1 } }
    const patch = { a: { c: 2 } }
    mergePatch(target, patch)
    expect([target, patch]).toEqual([{ a: { b: 1 } }, { a: { c: 2 } }])
  })

  it.each(['__proto__', 'constructor', 'prototype'])('refuses %s at any depth', (key) => {
    const patch = JSON.parse(`{"a":{"b":{"${key}":{"polluted":true}}}}`) as JsonObject
    expect(() => mergePatch({ a: {} }, patch)).toThrow(RangeError)
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
  })
})

describe('timestamps', () => {
  it.each([
    ['2026-04-13T10:10:00.000000', '2026-04-13T10:10:00.000000Z'],
    ['2026-04-13T10:10:00', '2026-04-13T10:10:00.000000Z'],
    ['2026-04-13T10:10:00.123999', '2026-04-13T10:10:00.123999Z'],
    ['2026-04-13T10:10:00.123456789', '2026-04-13T10:10:00.123456Z'],
    ['2026-04-13T10:10:00Z', '2026-04-13T10:10:00.000000Z'],
    ['2026-04-13t10:10:00.5z', '2026-04-13T10:10:00.500000Z'],
    ['2026-04-13T10:10:00+02:00', '2026-04-13T08:10:00.000000Z'],
    ['2026-04-13T10:10:00-09:30', '2026-04-13T19:40:00.000000Z'],
    ['2026-04-13', '2026-04-13T00:00:00.000000Z'],
    ['2024-02-29', '2024-02-29T00:00:00.000000Z'],
  ])('reads %s', (text, instant) => {
    expect(parseTimestamp(text)).toBe(instant)
  })

  it.each([
    '',
    'yesterday',
    '2026-02-30',
    '2025-02-29',
    '2026-13-01',
    '2026-04-13T24:00:00',
    '2026-04-13T10:60:00',
    '2026-04-13T10:10:60',
    '2026-04-13T10:10',
    '2026-04-13T10:10:00+25:00',
    '2026-04-13T10:10:00 02:00',
    '2026-04-13T10:10:00.',
    '0000-01-01',
    '1776074400',
    '2026-04-13\n',
    ' 2026-04-13',
    '2026-04-13 10:10:00',
    '2026-04-13T10:10:00+0x:00',
    '1.776e9',
  ])('refuses %j', (text) => {
    expect(parseTimestamp(text)).toBeUndefined()
  })

  it('reads what it would itself write', () => {
    const instants = fc.date({
      min: new Date('0001-01-01T00:00:00Z'),
      max: new Date('9999-12-31T23:59:59Z'),
      noInvalidDate: true,
    })
    fc.assert(
      fc.property(
        instants,
        (instant) => parseTimestamp(instant.toISOString()) === instant.toISOString().replace('Z', '000Z'),
      ),
    )
  })
})

describe('job names', () => {
  const id = 'd4e5f6a7-b8c9-0123-defa-234567890123'
  it.each([
    [{ system: 'Power Distribution Unit' }, 'system', 'metagraph_update – Power Distribution Unit'],
    [{ system: 'a1b2c3d4-e5f6-7890-abcd-ef1234567890' }, 'system', 'metagraph_update – 67890123'],
    [{ system: '  ' }, 'system', 'metagraph_update – 67890123'],
    [{ system: { $secret: 'NAME' } }, 'system', 'metagraph_update – 67890123'],
    [{}, 'system', 'metagraph_update – 67890123'],
    [{ system: 'x' }, undefined, 'metagraph_update – 67890123'],
    [{ system: 'a\u001b[31m\nb' }, 'system', 'metagraph_update – a [31m b'],
  ] as [JsonObject, string | undefined, string][])('of %j by %s: %s', (config, field, name) => {
    expect(jobName('metagraph_update', field, config, id, undefined)).toBe(name)
  })

  it('stay short', () => {
    expect(jobName('t', 'f', { f: 'x' }, id, 'sums / sum')).toBe('t – sums / sum')
    expect([...jobName('t', 'f', { f: '😀'.repeat(5000) }, id, null)].length).toBeLessThan(220)
  })
})

describe('document paths and names', () => {
  it.each(['a.md', 'specs/power.md', 'ünïcode/文.txt', 'a b/c d', '..a/b..', '.hidden', 'a'.repeat(1024)])(
    'takes %j',
    (path) => {
      expect(documentPathProblem('{path}', path)).toBeUndefined()
    },
  )
  it.each([
    '',
    '/etc/passwd',
    '..',
    '../x',
    'a/../b',
    'a/./b',
    '.',
    'a//b',
    'a/',
    'a\\b',
    'a\0b',
    'a\nb',
    'C:/x',
    'c:x',
    '\ud800',
    'a'.repeat(1025),
  ])('refuses %j and says so', (path) => {
    expect(documentPathProblem('{path}', path)).toMatchObject({
      pointer: '{path}',
      detail: expect.stringMatching(/\w/),
    })
  })
  it.each(['', '.', '..', 'a/b', 'a\\b', 'a\0', ' a', 'a\n', 'x'.repeat(201)])(
    'refuses the collection %j',
    (name) => {
      expect(nameProblem('{collection}', name, { slashes: false })).toBeDefined()
    },
  )
  it('takes a system with a slash in its name', () => {
    expect(nameProblem('{system}', 'AC/DC Converter', { slashes: true })).toBeUndefined()
  })
})

describe('idempotency keys', () => {
  const body = { job_id: 'a', config: { b: 1, a: [1, { d: 1, c: 2 }] } }
  it('make one hash of bodies that are equal as JSON, whatever their order', () => {
    const other = { config: { a: [1, { c: 2, d: 1 }], b: 1 }, job_id: 'a' }
    expect(idempotencyKey('k', other)).toEqual(idempotencyKey('k', body))
    expect(idempotencyKey('k', { ...body, client_ref: null })).toEqual(idempotencyKey('k', body))
    for (const change of [{ job_id: 'b' }, { client_ref: 'x' }, { config: { ...body.config, c: null } }])
      expect(idempotencyKey('k', { ...body, ...change })).not.toEqual(idempotencyKey('k', body))
  })
  it.each(['', 'a b', 'ü', 'a\u007f', 'a\tb', 'x'.repeat(256)])('refuses %j', (key) => {
    expect(idempotencyKeyProblem(key)).toBeDefined()
    expect(() => idempotencyKey(key, {})).toThrow(expect.objectContaining({ status: 422 }))
  })
  it('tell a replay from a first answer, and refuse reuse and barred keys', () => {
    expect(keyedValue({ outcome: 'created', value: 1 })).toEqual({ value: 1, replayed: false })
    expect(keyedValue({ outcome: 'replayed', value: 1 })).toEqual({ value: 1, replayed: true })
    expect(() => keyedValue({ outcome: 'reused' })).toThrow(
      expect.objectContaining({ status: 422, code: 'idempotency_key_reused' }),
    )
    expect(() => keyedValue({ outcome: 'barred' })).toThrow(
      expect.objectContaining({ status: 409, code: 'key_barred' }),
    )
  })
})

describe('small texts', () => {
  it('JSON pointers and their paths are each other’s inverse', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string()),
        (path) => pointerPath(jsonPointer(path)).join('\n') === path.join('\n'),
      ),
    )
  })
  it.each(['text/plain', 'application/json; charset=utf-8', 'application/vnd.x+json', 'text/plain; a="b c"'])(
    '%s is a media type',
    (text) => {
      expect(mediaTypeProblem(text)).toBeUndefined()
    },
  )
  it.each(['', 'text', 'text/plain\r\nX: y', 'a b/c', `a/${'x'.repeat(300)}`])(
    '%j is no media type',
    (text) => {
      expect(mediaTypeProblem(text)).toBeDefined()
    },
  )
})
