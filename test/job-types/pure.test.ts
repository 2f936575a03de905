import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { parseDurationMs } from '../../src/base/duration.ts'
import { JobwrightError } from '../../src/base/errors.ts'
import type { Json } from '../../src/base/json.ts'
import { storable } from '../../src/base/text.ts'
import { JobsApiError } from '../../src/client/index.ts'
import type { Blame } from '../../src/executor/handlers.ts'
import {
  decideOutcome,
  type StopReason,
  type Tries,
  toHandlerEnd,
  toRunError,
} from '../../src/executor/outcome.ts'
import { backoffMs, delayAfter, isWorthRetrying, persist } from '../../src/executor/persistence.ts'
import { prepareConfig } from '../../src/executor/run-config.ts'
import { timestamp, truncate, truncateBytes } from '../../src/executor/text.ts'
import { JobRunError, RetryableError } from '../../src/job-types/errors.ts'
import { createRedactor } from '../../src/references/index.ts'

const plain = (text: string) => text

describe('A duration', () => {
  test.each([
    ['500ms', 500],
    ['5s', 5000],
    ['30m', 1_800_000],
    ['2h', 7_200_000],
    ['7d', 604_800_000],
    ['0s', 0],
  ])('%s is %i ms', (text, ms) => {
    expect(parseDurationMs(text)).toBe(ms)
  })
  test.each(['', '5', 's', '1h30m', '-5s', '1e3s', ' 5s', '5S'])('%j is none', (text) => {
    expect(parseDurationMs(text)).toBeUndefined()
  })
})

describe('The outcome of an attempt', () => {
  const threw = (error: unknown) => toHandlerEnd(error, plain)
  const attempt: Tries = { number: 1, max: 3, onWorkerLost: 'retry' }

  test('is completed whenever the handler completes, whatever was asked of it', () => {
    for (const stop of [undefined, 'cancel', 'shutdown', 'superseded'] as const)
      expect(decideOutcome({ ended: 'completed' }, stop, attempt)).toEqual({ become: 'completed' })
  })

  test('is failed after its time, even when the handler completes', () => {
    expect(decideOutcome({ ended: 'completed' }, 'timeout', attempt)).toMatchObject({
      become: 'failed',
      error: { code: 'timeout' },
    })
  })

  test.each([Number.NaN, Number.POSITIVE_INFINITY, -1, Number.NEGATIVE_INFINITY, '5' as never])(
    'of an error that asks for another attempt after %s ms is another attempt after the usual time',
    (retryAfterMs) => {
      const outcome = decideOutcome(threw(new RetryableError('x', { retryAfterMs })), undefined, attempt)
      expect(outcome).toEqual({ become: 'retried', error: { code: 'retryable', message: 'x' } })
    },
  )

  test('waits a year at most, and a whole number of milliseconds', () => {
    const asksFor = (retryAfterMs: number) =>
      decideOutcome(threw(new RetryableError('x', { retryAfterMs })), undefined, attempt)
    expect(asksFor(1e300)).toMatchObject({ afterMs: 365 * 24 * 60 * 60_000 })
    expect(asksFor(0)).toMatchObject({ afterMs: 1 })
    expect(asksFor(1.5)).toMatchObject({ afterMs: 2 })
  })

  describe('whose process ended', () => {
    const lost = (blame: Blame) => ({ ended: 'lost', blame, message: 'gone' }) as const
    test.each<[Blame, object]>([
      ['this', {}],
      ['another', { isUncounted: true, afterMs: 1 }],
      ['unknown', { isUncounted: true, isAlone: true }],
    ])('through %s is another attempt, which counts only where it did it itself', (blame, what) => {
      const error = { code: 'handler_process_lost', message: 'gone' }
      expect(decideOutcome(lost(blame), undefined, attempt)).toEqual({ become: 'retried', error, ...what })
    })
    test('before it began is another attempt, whatever the job type says', () => {
      const end = { ended: 'not_begun', message: 'no process' } as const
      const outcome = decideOutcome(end, undefined, { number: 9, max: 3, onWorkerLost: 'fail' })
      expect(outcome).toMatchObject({ become: 'retried', isUncounted: true })
    })
    test('is none where the job type wants none, or its own doing used them up', () => {
      expect(decideOutcome(lost('another'), undefined, { ...attempt, onWorkerLost: 'fail' })).toMatchObject({
        become: 'failed',
        error: { code: 'worker_lost' },
      })
      expect(decideOutcome(lost('this'), undefined, { ...attempt, number: 3 })).toMatchObject({
        become: 'failed',
        error: { code: 'attempts_exhausted' },
      })
      expect(decideOutcome(lost('unknown'), undefined, { ...attempt, number: 3 })).toMatchObject({
        become: 'retried',
      })
    })
  })

  test.each<[StopReason | undefined, string]>([
    ['cancel', 'cancelled'],
    ['timeout', 'failed'],
    ['shutdown', 'retried'],
    ['superseded', 'abandoned'],
    [undefined, 'failed'],
  ])('whose handler throws after %s is %s', (stop, become) => {
    expect(decideOutcome(threw(new Error('x')), stop, attempt)).toMatchObject({ become })
  })

  test('of a retryable error is another attempt, until there were enough', () => {
    const error = new RetryableError('busy', { retryAfterMs: 5 })
    expect(decideOutcome(threw(error), undefined, { ...attempt, number: 2 })).toEqual({
      become: 'retried',
      afterMs: 5,
      error: { code: 'retryable', message: 'busy' },
    })
    expect(decideOutcome(threw(error), undefined, { ...attempt, number: 3 })).toEqual({
      become: 'failed',
      error: { code: 'attempts_exhausted', message: 'attempt 3 of 3: busy' },
    })
    expect(decideOutcome(threw(error), 'cancel', attempt)).toEqual({ become: 'cancelled' })
  })

  test('takes the code of an error only where it is one', () => {
    expect(toRunError(new JobRunError('out_of_paper', 'x'), plain).code).toBe('out_of_paper')
    for (const code of [7, '', 'a b', '1', 'x'.repeat(65), null])
      expect(toRunError({ code }, plain).code).toBe('handler_error')
    for (const nothing of [null, undefined])
      expect(toRunError(nothing, plain)).toEqual({
        code: 'handler_error',
        message: expect.stringContaining('threw'),
      })
  })

  test('tells its causes, each once, and no secret in them', () => {
    const redactor = createRedactor()
    redactor.add('canary')
    const reset = new Error('connect ECONNREFUSED canary:1')
    const failed = new TypeError('fetch failed', { cause: reset })
    reset.cause = failed
    expect(toRunError(failed, redactor.redact).message).toBe('fetch failed: connect ECONNREFUSED ***:1')
    const wrapped = new Error('no rates: fetch failed', { cause: failed })
    expect(toRunError(wrapped, plain).message).toBe('no rates: fetch failed: connect ECONNREFUSED canary:1')
  })

  test('tells what to do, and what a thrown object says', () => {
    const details = {
      code: 'no_documents',
      fault: 'usage',
      message: 'it is empty',
      fix: 'store some',
    } as const
    expect(toRunError(new JobwrightError(details), plain)).toEqual({
      code: 'no_documents',
      message: 'it is empty; store some',
    })
    expect(toRunError({ code: 'jam', message: 'no paper' }, plain)).toEqual({
      code: 'jam',
      message: 'threw object: no paper',
    })
  })

  test('is an error of the run even when what was thrown has no text', () => {
    const getter = Object.defineProperty(new Error('x'), 'message', {
      get() {
        throw new Error('no')
      },
    })
    const messageOfObject = Object.assign(new Error('x'), { message: { reason: 'y' } })
    for (const thrown of [Object.create(null), getter, messageOfObject, { code: Symbol('x') }])
      expect(decideOutcome(threw(thrown), undefined, attempt)).toMatchObject({
        become: 'failed',
        error: { code: 'handler_error', message: expect.any(String) },
      })
  })

  test('is redacted before it is cut, so that no part of a secret stays', () => {
    const redactor = createRedactor()
    redactor.add('canary')
    expect(toRunError(new Error(`${'x'.repeat(4090)}canary`), redactor.redact).message).not.toContain('can')
  })
})

describe('A redactor', () => {
  test('knows the forms in which a value shows up', () => {
    const redactor = createRedactor()
    redactor.add('a "quoted"/value')
    redactor.add('-----BEGIN KEY-----\nMIIEvQIBADANBg\n-----END KEY-----')
    expect(
      redactor.redact(
        `${JSON.stringify({ v: 'a "quoted"/value' })} ?q=${encodeURIComponent('a "quoted"/value')} MIIEvQIBADANBg`,
      ),
    ).toBe('{"v":"***"} ?q=*** ***')
  })

  const html = (text: string) =>
    text
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;')
      .replaceAll("'", '&#39;')
  const encoders: [string, (secret: string) => string][] = [
    ['itself', (secret) => secret],
    ['JSON', (secret) => JSON.stringify({ secret })],
    ['JSON in JSON', (secret) => JSON.stringify(JSON.stringify(secret))],
    ['a part of an URL', encodeURIComponent],
    ['an URL', encodeURI],
    ['a form', (secret) => String(new URLSearchParams({ secret, other: '1' }))],
    [
      'lower-case percent signs',
      (secret) => encodeURIComponent(secret).replaceAll(/%../g, (sign) => sign.toLowerCase()),
    ],
    ['base64', (secret) => Buffer.from(secret).toString('base64')],
    ['base64url', (secret) => Buffer.from(secret).toString('base64url')],
    ['Basic auth', (secret) => `Basic ${Buffer.from(`ada:${secret}`).toString('base64')}`],
    ['Basic auth with another user', (secret) => Buffer.from(`grace:${secret}`).toString('base64')],
    ['base64 amid others', (secret) => Buffer.from(`ab:${secret}:cd`).toString('base64')],
    [
      'the password of an URL',
      (secret) => Object.assign(new URL('https://ada@h/'), { password: secret }).href,
    ],
    ['the path of an URL', (secret) => Object.assign(new URL('https://h/'), { pathname: `/${secret}` }).href],
    ['the query of an URL', (secret) => Object.assign(new URL('https://h/'), { search: `?${secret}` }).href],
    ['the fragment of an URL', (secret) => Object.assign(new URL('https://h/'), { hash: `#${secret}` }).href],
    ['an URL in an URL', (secret) => encodeURIComponent(`https://h/?a=${encodeURIComponent(secret)}`)],
    ['Basic auth in an URL', (secret) => encodeURIComponent(Buffer.from(`ada:${secret}`).toString('base64'))],
    [
      'JSON in ASCII with slashes escaped',
      (secret) =>
        JSON.stringify(secret)
          .replaceAll(/[\u007f-\uffff]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`)
          .replaceAll('/', '\\/'),
    ],
    ['hex with colons', (secret) => (Buffer.from(secret).toString('hex').match(/../g) ?? []).join(':')],
    ['hex, printed', (secret) => inspect(Buffer.from(secret))],
    ['hex', (secret) => Buffer.from(secret).toString('hex')],
    ['upper-case hex', (secret) => Buffer.from(secret).toString('hex').toUpperCase()],
    ['HTML', (secret) => `<p title="${html(secret)}">`],
    ['a shell, in single quotes', (secret) => `echo '${secret.replaceAll("'", "'\\''")}'`],
    ['a shell, in double quotes', (secret) => `echo "${secret.replaceAll(/["$`\\]/g, '\\$&')}"`],
    ['a shell, without quotes', (secret) => `echo ${secret.replaceAll(/[^\w@%+=:,./-]/g, '\\$&')}`],
  ]
  test.each(encoders)('leaves nothing of a secret in %s', (_, encode) => {
    const secret = fc.string({
      unit: fc.oneof(fc.constantFrom(...`'"<>&$\`\\ +/%é🙂`), fc.constantFrom(...'abcXYZ019')),
      minLength: 6,
      maxLength: 30,
    })
    fc.assert(
      fc.property(
        secret.filter((text) => text.trim().length >= 6),
        (own) => {
          const redactor = createRedactor()
          expect(redactor.add(own)).toBe(true)
          const encoded = encode(own)
          const said = redactor.redact(`before ${encoded} after`)
          expect(said).toContain('***')
          expect(said).not.toContain(encoded)
          // Whoever decodes what is left gets no piece of it.
          for (const rest of said.split('***').flatMap((part) => part.split(/[^\w+/=-]/)))
            for (let offset = 0; offset < 4; offset += 1)
              for (const piece of [own.slice(0, 4), own.slice(-4)])
                expect(Buffer.from(rest.slice(offset), 'base64').toString()).not.toContain(piece)
        },
      ),
      { numRuns: 100 },
    )
  })

  test('knows the lines of a secret, as they are indented and as they are not', () => {
    const redactor = createRedactor()
    redactor.add('{\n  "user": "ada",\n  "key": "k-1234"\n}\n')
    expect(redactor.redact('read "key": "k-1234"')).toBe('read ***')
    expect(redactor.redact(`sent ${Buffer.from('"key": "k-1234"').toString('base64')}`)).not.toContain(
      'ImtleSI6',
    )
    const long = Array.from({ length: 40 }, (_, index) => `line-${index}-${'x'.repeat(50)}`)
    redactor.add(long.join('\n'))
    expect(redactor.redact(`${long[7]}!`)).toBe('***!')
  })

  test.each([64, 76])('knows a long secret in base64 that is broken into lines of %i', (length) => {
    const secret = Array.from({ length: 40 }, (_, index) => `part ${index * 7919}`).join(';')
    const redactor = createRedactor()
    redactor.add(secret)
    const lines =
      Buffer.from(secret)
        .toString('base64')
        .match(new RegExp(`.{1,${length}}`, 'g')) ?? []
    expect(lines.length).toBeGreaterThan(5)
    expect(redactor.redact(lines.join('\n'))).toBe(lines.map(() => '***').join('\n'))
    for (const line of lines) expect(redactor.redact(line)).toBe('***')
  })

  test('leaves a secret alone that is too short to be told from other text, and says so', () => {
    const redactor = createRedactor()
    for (const short of ['e', 'abc', ' ab ', 'a\nb'])
      expect(redactor.add(short), JSON.stringify(short)).toBe(false)
    expect(redactor.add('')).toBe(true)
    expect(redactor.redact('every letter e, abc and ZQ==')).toBe('every letter e, abc and ZQ==')
    expect(redactor.add('abcd')).toBe(true)
    expect(redactor.redact('abcd abc')).toBe('*** abc')
  })

  test('takes no code of an error that holds a secret', () => {
    const redactor = createRedactor()
    redactor.add('hunter2')
    expect(toRunError(new JobRunError('E_hunter2', 'no'), redactor.redact).code).toBe('handler_error')
  })

  test('leaves nothing of a longer secret that holds a shorter one', () => {
    const redactor = createRedactor()
    redactor.add('abcd')
    redactor.add('xabcdy')
    expect(redactor.redact('1 xabcdy 2 abcd 3')).toBe('1 *** 2 *** 3')
  })
})

describe('A failed report', () => {
  const failure = (kind: 'not_sent' | 'rejected' | 'ambiguous', code: string, status?: number) =>
    new JobsApiError({
      kind,
      code,
      reason: '',
      method: 'POST',
      url: '',
      ...(status === undefined ? {} : { status }),
    })

  test.each<[JobsApiError, boolean]>([
    [failure('not_sent', 'connection_refused'), true],
    [failure('ambiguous', 'connection_lost'), true],
    [failure('ambiguous', 'http_503', 503), true],
    [failure('ambiguous', 'http_429', 429), true],
    [failure('ambiguous', 'unexpected_response', 200), true],
    [failure('rejected', 'unauthorized', 401), true],
    [failure('ambiguous', 'run_ended', 409), false],
    [failure('rejected', 'http_413', 413), false],
    [failure('rejected', 'http_422', 422), false],
    [failure('not_sent', 'bad_request'), false],
  ])('of %o is worth another try: %s', (error, expected) => {
    expect(isWorthRetrying(error)).toBe(expected)
  })

  test('waits as long as it is told, else longer each time, within bounds', () => {
    expect(backoffMs(0, 1234, 0)).toBe(1234)
    expect(backoffMs(0, 86_400_000, 0)).toBe(60_000)
    expect([0, 1, 2, 100].map((tries) => backoffMs(tries, undefined, 1))).toEqual([200, 400, 800, 10_000])
    expect(backoffMs(100, undefined, 0)).toBe(5000)
  })

  test('waits a second at most while nobody listens there', () => {
    expect(delayAfter(failure('not_sent', 'connection_refused'), 100, 1)).toBe(1_000)
    expect(delayAfter(failure('ambiguous', 'timeout'), 100, 1)).toBe(10_000)
  })

  test('is tried at least once, and not again once it is too late', async () => {
    const until = AbortSignal.abort()
    let calls = 0
    await expect(
      persist(() => Promise.reject(failure('not_sent', `call_${++calls}`)), { until }),
    ).rejects.toMatchObject({ code: 'call_1' })
    const controller = new AbortController()
    const tries = persist(() => Promise.reject(failure('not_sent', 'x')), {
      until: controller.signal,
      onFailure: () => controller.abort(),
    })
    await expect(tries).rejects.toMatchObject({ code: 'x' })
  })
})

describe('A config', () => {
  const sources = {
    secret: async (name: string) => `<${name}>`,
    output: async (jobRunId: string, name: string): Promise<Json> => ({ $secret: `${jobRunId}/${name}` }),
  }
  const prepare = (config: Json) =>
    prepareConfig({ job_type: 'x', value: config }, z.object({ value: z.json() }), sources)

  test('has its references resolved at any depth, and what they give left alone', async () => {
    expect(
      await prepare([
        { a: { $secret: 'S' } },
        { $template: ['x', { $secret: 'T' }] },
        { $output: { job_run_id: 'r', name: 'o' } },
      ]),
    ).toEqual({
      value: [{ a: '<S>' }, 'x<T>', { $secret: 'r/o' }],
    })
  })

  test('keeps what only looks like a reference', async () => {
    const value = { a: { $secret: 'S', more: 1 }, b: { $secret: 7 }, c: { $output: { name: 'o' } } }
    expect(await prepare(value)).toEqual({ value })
  })

  test('with __proto__ in it changes no prototype', async () => {
    const value = JSON.parse('{"__proto__":{"polluted":true}}') as Json
    const schema = z.custom<{ value: object }>()
    const { value: prepared } = (await prepareConfig({ value }, schema, sources)) as { value: object }
    expect(Object.getPrototypeOf(prepared)).toBe(Object.prototype)
    expect(Object.hasOwn(prepared, '__proto__')).toBe(true)
  })
})

describe('Text', () => {
  test('is cut between characters', () => {
    expect(truncateBytes('äöü', 6)).toBe('äöü')
    expect(truncateBytes('äöüx', 6)).toBe('ä…')
    expect(truncateBytes('a😀b', 5)).toBe('a…')
    expect(truncate('a😀b', 3)).toBe('a…')
    expect(truncate('abc', 3)).toBe('abc')
  })

  test('is made storable', () => {
    expect(storable('a\u0000b\uD800')).toBe('a\uFFFDb\uFFFD')
  })

  test('of an instant is the wire’s form', () => {
    expect(timestamp(Date.parse('2026-04-13T10:10:00.123Z') * 1000 + 45)).toBe('2026-04-13T10:10:00.123045')
  })
})
