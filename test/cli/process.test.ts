import { describe, expect, test } from 'vitest'
import { until } from '../helpers/until.ts'
import { closedPort, jobwright, withTempDir } from './helpers.ts'

/** Starts `jobwright server` on data of its own, and sends it a signal once it listens. */
async function serverThatGets(signal: NodeJS.Signals, cwd: string) {
  let url = ''
  const outcome = await jobwright(['server'], {
    cwd,
    env: { JOBWRIGHT_DATA_DIR: cwd, JOBWRIGHT_PORT: '0', JOBWRIGHT_LOG_LEVEL: 'warn' },
    onOutput: ({ stdout }, kill) => {
      if (url !== '' || !stdout.endsWith('\n')) return
      url = (JSON.parse(stdout) as { url: string }).url
      kill(signal)
    },
  })
  return { ...outcome, url }
}

describe('jobwright server', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('drains and exits 0 on %s', async (signal) => {
    await withTempDir(async (cwd) => {
      const { code, url, stderr } = await serverThatGets(signal, cwd)
      expect(code, stderr).toBe(0)
      await expect(fetch(url)).rejects.toThrow()
    })
  })

  test('leaves no process behind when it is killed', async () => {
    await withTempDir(async (cwd) => {
      const { url } = await serverThatGets('SIGKILL', cwd)
      await until('the server itself ends', () =>
        fetch(url).then(
          () => false,
          () => true,
        ),
      )
    })
  })
})

describe('jobwright worker', () => {
  test('says which Temporal does not answer and what to do, and exits 3', async () => {
    const address = `127.0.0.1:${await closedPort()}`
    const { code, stdout, stderr } = await jobwright(['worker'], { env: { TEMPORAL_ADDRESS: address } })
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' })
    expect(stderr).toMatch(
      /^jobwright worker: Temporal at 127\.0\.0\.1:\d+ does not answer: .*ECONNREFUSED.*\n {2}→ start it, or correct TEMPORAL_ADDRESS/m,
    )
  })

  test('refuses certificates that cannot be read, and exits 2', async () => {
    const { code, stderr } = await jobwright(['worker'], {
      env: { TEMPORAL_TLS_SERVER_CA_CERT_PATH: '/no/such.pem' },
    })
    expect(code).toBe(2)
    expect(stderr).toContain(
      'jobwright worker: TEMPORAL_TLS_SERVER_CA_CERT_PATH: cannot read /no/such.pem (ENOENT)',
    )
  })
})
