import { expect, test } from 'vitest'
import { isLoopback, loopbackExceptions, proxyVariables } from '../../src/base/loopback.ts'

test.each([
  'localhost',
  'LOCALHOST.',
  'a.localhost',
  '127.0.0.1',
  '127.9.8.7',
  '[::1]',
  '::1',
  '0.0.0.0',
  '::ffff:127.0.0.1',
])('%s is this machine', (host) => expect(isLoopback(host)).toBe(true))

test.each(['localhost.example', '128.0.0.1', 'temporal', '127.0.0.1.example', '[::2]', ''])(
  '%s is not',
  (host) => expect(isLoopback(host)).toBe(false),
)

test('where no proxy is named, nothing is added', () => {
  expect(loopbackExceptions({ http_proxy: '', PATH: '/bin' })).toEqual({})
})

test('this machine is excepted beside what is already, in every spelling that is read', () => {
  const env = { HTTPS_PROXY: 'http://p:1', NO_PROXY: 'a.example, localhost', no_grpc_proxy: 'b' }
  expect(proxyVariables(env)).toEqual(['HTTPS_PROXY'])
  const added = loopbackExceptions(env)
  expect(Object.keys(added).sort()).toEqual(['NO_PROXY', 'no_grpc_proxy', 'no_proxy'])
  for (const name of ['NO_PROXY', 'no_proxy'])
    expect(added[name]).toBe('a.example,localhost,127.0.0.1,::1,[::1],0.0.0.0')
  expect(added['no_grpc_proxy']).toMatch(/^b,localhost,127/)
  expect(loopbackExceptions({ ...env, ...added })).toEqual(added)
})
