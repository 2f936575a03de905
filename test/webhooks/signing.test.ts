import { expect, test } from 'vitest'
import { messageId, signedHeaders, signingProblem, verifyWebhook } from '../../src/webhooks/index.ts'

/** Of the libraries of Standard Webhooks. */
const vector = {
  secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  message: { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', timestamp: 1614265330, body: '{"test": 2432232314}' },
  signature: 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
}
const { secret, message } = vector
const atMs = message.timestamp * 1000
const received = (secrets: string[], body = message.body) => ({
  headers: signedHeaders(message, secrets),
  body,
})

test('a message is signed as Standard Webhooks has it, once for each secret', () => {
  expect(signedHeaders(message, [secret])).toEqual({
    'webhook-id': message.id,
    'webhook-timestamp': '1614265330',
    'webhook-signature': vector.signature,
  })
  const both = signedHeaders(message, ['plain text', secret])['webhook-signature']?.split(' ')
  expect(both).toEqual([expect.stringMatching(/^v1,[A-Za-z0-9+/]{43}=$/), vector.signature])
  expect(signedHeaders(message, [])).not.toHaveProperty('webhook-signature')
})

test('a receiver may have either secret while they are changed', () => {
  for (const known of ['old', secret])
    expect(verifyWebhook(received(['old', secret]), [known], atMs)).toMatchObject({
      id: message.id,
      test: 2432232314,
    })
})

test.each<[string, Parameters<typeof verifyWebhook>]>([
  ['another secret', [received([secret]), ['another'], atMs]],
  ['no secret at all', [received([secret]), [], atMs]],
  ['an empty secret', [received(['x']), [''], atMs]],
  ['another body', [received([secret], '{"test":2432232314}'), [secret], atMs]],
  ['no signature', [received([]), [secret], atMs]],
  ['a time long ago', [received([secret]), [secret], atMs + 5 * 60_000 + 1]],
  ['a time to come', [received([secret]), [secret], atMs - 5 * 60_000 - 1]],
])('what has %s is refused, and no secret told', (_, args) => {
  expect(() => verifyWebhook(...args)).toThrow(expect.objectContaining({ code: 'bad_webhook' }) as Error)
  expect(() => verifyWebhook(...args)).not.toThrow(/MfKQ9/)
})

test('a message has one id for all attempts, without the separator of what is signed', () => {
  expect(messageId('a')).toBe(messageId('a'))
  expect(messageId('a')).not.toBe(messageId('b'))
  expect(messageId('a.b')).toMatch(/^msg_[0-9a-f]{32}$/)
})

test('a secret that can sign nothing is told of', () => {
  expect(['', '  ', 'whsec_', 'whsec_%%%', 'plain', secret].map(signingProblem)).toEqual([
    'is empty',
    'is empty',
    'has no base64 after whsec_',
    'has no base64 after whsec_',
    undefined,
    undefined,
  ])
})
