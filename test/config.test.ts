import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { loadConfig } from '../src/config.ts'

describe('the environment', () => {
  test('may be empty, and an empty variable counts as unset', () => {
    const config = loadConfig({ TEMPORAL_ADDRESS: '', JOBWRIGHT_PORT: '', DATABASE_URL: '' })
    expect(config).toMatchObject({ port: 8300, host: '127.0.0.1', databaseUrl: undefined })
    expect(config.temporal.address).toBeUndefined()
  })

  test.each([
    ['JOBWRIGHT_PORT', 'abc', 'JOBWRIGHT_PORT: found "abc", expected a port from 0 to 65535'],
    ['JOBWRIGHT_PORT', '70000', 'JOBWRIGHT_PORT: found "70000", expected a port from 0 to 65535'],
    ['JOBWRIGHT_RECONCILE_MS', '5s', 'found "5s", expected a whole number of milliseconds above 0'],
    ['TEMPORAL_TLS', 'perhaps', 'TEMPORAL_TLS: found "perhaps", expected true or false'],
    ['JOBWRIGHT_LOG_LEVEL', 'loud', 'found "loud", expected one of trace, debug, info, warn, error, silent'],
    ['TEMPORAL_ADDRESS', 'http://h:7233', 'expected host or host:port, such as 127.0.0.1:7233'],
    ['JOBWRIGHT_TOKENS', `a/b=${'c'.repeat(22)},secret`, 'entry 2 is not of the form workspace/email=token'],
    ['JOBS_API_URL', 'ftp://h/api/v1', 'the scheme is ftp; expected http or https'],
  ])('%s=%s is refused: what was found, what was expected', (name, value, message) => {
    expect(() => loadConfig({ [name]: value })).toThrow(message)
  })

  test.each([
    ['JOBWRIGHT_MAX_JOB_RUNS', 'a whole number from 1 to 10000'],
    ['JOBWRIGHT_PORT', 'a port from 0 to 65535'],
    ['JOBWRIGHT_RECONCILE_MS', 'a whole number of milliseconds above 0'],
    ['JOBWRIGHT_WAIT_LEASE_MS', 'a whole number of milliseconds above 0'],
    ['JOBS_API_REQUESTS_PER_SECOND', 'a number above 0, at most 1000'],
  ])('%s is written in decimal digits', (name, expected) => {
    for (const value of ['1e3', '0x10', '0b11', ' 5 ', '5\n', ' ', '+5', '-5', '٥', '5,0', '5.', 'Infinity'])
      expect(() => loadConfig({ [name]: value })).toThrow(
        `${name}: found ${JSON.stringify(value)}, expected ${expected}`,
      )
    expect(() => loadConfig({ [name]: '5' })).not.toThrow()
    expect(() => loadConfig({ [name]: '0050' })).not.toThrow()
  })

  test('a rate may have decimals, a whole number none', () => {
    expect(loadConfig({ JOBS_API_REQUESTS_PER_SECOND: '0.5' }).jobsApi.requestsPerSecond).toBe(0.5)
    expect(loadConfig({ JOBWRIGHT_MAX_JOB_RUNS: '10000', JOBWRIGHT_PORT: '0' })).toMatchObject({
      maxJobRuns: 10_000,
      port: 0,
    })
    for (const value of ['5.5', '5.0', '0', '10001', '9'.repeat(400)])
      expect(() => loadConfig({ JOBWRIGHT_MAX_JOB_RUNS: value })).toThrow('a whole number from 1 to 10000')
  })

  test.each([
    ['JOBWRIGHT_TOKENS', `a/b=${'c'.repeat(22)},lab/me@x=hunter2`, 'entry 2, lab/me@x, has 7 characters'],
    ['JOBWRIGHT_TOKENS', `a/b=${'hunter2'.repeat(3)}`, 'entry 1, a/b, has 21 characters'],
    ['JOBWRIGHT_WORKER_TOKEN', 'hunter2', 'JOBWRIGHT_WORKER_TOKEN has 7 characters'],
  ])('takes no %s that could be guessed, and never repeats it', (name, value, found) => {
    const message = expect.stringMatching(new RegExp(`^(?!.*hunter2).*${found}; expected at least 22,`))
    expect(() => loadConfig({ [name]: value })).toThrow(expect.objectContaining({ message }))
    expect(loadConfig({ JOBWRIGHT_WORKER_TOKEN: 'c'.repeat(22) }).server.workerToken).toHaveLength(22)
  })

  test('never gets a secret repeated', () => {
    for (const name of ['JOBS_API_URL', 'JOBWRIGHT_URL', 'TEMPORAL_ADDRESS'])
      expect(() => loadConfig({ [name]: 'http://ada:hunter2@h:1/x' })).toThrow(
        expect.objectContaining({ message: expect.not.stringContaining('hunter2') }),
      )
  })

  test.each(['server', 'worker'])('that %s cannot use is told in a line, with exit code 2', (root) => {
    const script = path.resolve(import.meta.dirname, `../src/${root}.ts`)
    const env = { ...process.env, JOBWRIGHT_PORT: 'abc' }
    const { status, stderr } = spawnSync(process.execPath, [script], { env, encoding: 'utf8' })
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr: `jobwright ${root}: JOBWRIGHT_PORT: found "abc", expected a port from 0 to 65535\n`,
    })
  })
})
