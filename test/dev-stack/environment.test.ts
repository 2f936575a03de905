import { describe, expect, test } from 'vitest'
import {
  type ChildValues,
  childEnvironment,
  serverUrl,
  temporalEnvironment,
} from '../../src/dev-stack/environment.ts'
import { drainMsFor, orphanPatienceMs } from '../../src/dev-stack/patience.ts'

const values: ChildValues = {
  temporalAddress: '127.0.0.1:7000',
  namespace: 'default',
  temporalIsExternal: false,
  dataDir: '/data',
  host: '127.0.0.1',
  port: 8300,
  serverUrl: 'http://127.0.0.1:8300',
  token: 'user-token',
  workerToken: 'worker-token',
  configFile: undefined,
  workerName: 'stack-1',
  compileCache: '/cache/compiled',
  installation: undefined,
}

describe('the processes of the stack', () => {
  test('find the addresses and tokens of the stack', () => {
    expect(childEnvironment({ PATH: '/bin' }, values)).toEqual({
      PATH: '/bin',
      TEMPORAL_ADDRESS: '127.0.0.1:7000',
      TEMPORAL_NAMESPACE: 'default',
      JOBWRIGHT_DATA_DIR: '/data',
      JOBWRIGHT_SHUTDOWN_GRACE_MS: '1500',
      JOBWRIGHT_HOST: '127.0.0.1',
      JOBWRIGHT_PORT: '8300',
      JOBWRIGHT_URL: 'http://127.0.0.1:8300',
      JOBWRIGHT_TOKENS: 'default/dev@localhost=user-token',
      JOBWRIGHT_WORKER_TOKEN: 'worker-token',
      JOBWRIGHT_WORKER_NAME: 'stack-1',
      NODE_COMPILE_CACHE: '/cache/compiled',
      NODE_OPTIONS: '--max-semi-space-size=4',
      JOBS_API_URL: 'http://127.0.0.1:8300/api/v1',
      JOBS_API_TOKEN: 'user-token',
    })
  })

  test('keep a default connection that the user named, with its own token or none', () => {
    const env = childEnvironment({ JOBS_API_URL: 'https://jobs.example/api/v1' }, values)
    expect(env.JOBS_API_URL).toBe('https://jobs.example/api/v1')
    expect(env.JOBS_API_TOKEN).toBeUndefined()
  })

  test('give handlers as long as the user said before they are told to stop, and are themselves given longer', () => {
    const env = childEnvironment({ JOBWRIGHT_SHUTDOWN_GRACE_MS: '60000' }, values)
    expect(env.JOBWRIGHT_SHUTDOWN_GRACE_MS).toBe('60000')
    expect(drainMsFor(env)).toBeGreaterThan(60_000 + 10_000)
    expect(orphanPatienceMs(drainMsFor(env))).toBeGreaterThan(drainMsFor(env))
  })

  test('have a small young generation, unless the user says otherwise', () => {
    const inherited = { NODE_OPTIONS: '--use-env-proxy --max-semi-space-size=32' }
    expect(childEnvironment(inherited, values).NODE_OPTIONS).toBe(
      '--max-semi-space-size=4 --use-env-proxy --max-semi-space-size=32',
    )
  })

  test('know the tokens of the user as well', () => {
    const env = childEnvironment({ JOBWRIGHT_TOKENS: 'a/b@c=d' }, values)
    expect(env.JOBWRIGHT_TOKENS).toBe('a/b@c=d,default/dev@localhost=user-token')
  })

  test('use the TLS settings of the user only with the Temporal server of the user', () => {
    const inherited = { TEMPORAL_TLS: 'true', TEMPORAL_API_KEY: 'key' }
    expect(childEnvironment(inherited, values)).not.toHaveProperty('TEMPORAL_API_KEY')
    expect(childEnvironment(inherited, { ...values, temporalIsExternal: true })).toMatchObject(inherited)
  })

  test('leave no token in the environment of Temporal', () => {
    const inherited = {
      PATH: '/bin',
      JOBS_API_TOKEN: 'a',
      JOBWRIGHT_TOKENS: 'b',
      TEMPORAL_API_KEY: 'c',
      EMPTY: undefined,
    }
    expect(temporalEnvironment(inherited)).toEqual({ PATH: '/bin' })
  })
})

test.each([
  ['127.0.0.1', 'http://127.0.0.1:80'],
  ['0.0.0.0', 'http://127.0.0.1:80'],
  ['::', 'http://[::1]:80'],
  ['::1', 'http://[::1]:80'],
  ['example', 'http://example:80'],
])('listening on %s, the server is reached at %s', (host, url) => {
  expect(serverUrl(host, 80)).toBe(url)
})
