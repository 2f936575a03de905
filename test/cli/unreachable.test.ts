import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { findFreePort } from '../../src/dev-stack/temporal-cli/free-port.ts'
import { jobwright, withTempDir } from './helpers.ts'

const token = 'canary-token-7d1f0c'

describe('with nothing to talk to', () => {
  test.each([[['runs']], [['show', 'x']], [['watch', 'x']], [['cancel', 'x']]])(
    '%j says what it looked for and exits 3',
    async (args) => {
      const { code, stdout, stderr } = await jobwright(args, {
        env: { JOBWRIGHT_DATA_DIR: '/nowhere/.jobwright' },
      })
      expect({ code, stdout }).toEqual({ code: 3, stdout: '' })
      expect(stderr).toContain('error no_temporal')
      expect(stderr).toContain('TEMPORAL_ADDRESS is not set')
      expect(stderr).toContain('/nowhere/.jobwright')
      expect(stderr).toContain('jobwright dev')
    },
  )

  test('jobs and documents say the same of the API', async () => {
    for (const args of [
      ['jobs', 'list'],
      ['documents', 'list', 'pdu'],
    ]) {
      const { code, stdout, stderr } = await jobwright(args)
      expect({ code, stdout }).toEqual({ code: 3, stdout: '' })
      expect(stderr).toContain('error no_jobs_api')
      expect(stderr).toContain('jobwright dev')
    }
  })

  test('an empty variable counts as unset', async () => {
    const { code, stderr } = await jobwright(['runs'], { env: { TEMPORAL_ADDRESS: '' } })
    expect(code).toBe(3)
    expect(stderr).toContain('TEMPORAL_ADDRESS is not set')
  })

  test('the doctor lists what is missing, for people and for machines', async () => {
    const text = await jobwright(['doctor'])
    expect(text.code).toBe(3)
    expect(text.stdout).toMatch(/^problem {2}temporal /m)
    const json = await jobwright(['doctor', '--output', 'json'])
    expect(json).toMatchObject({ code: 3, stderr: '' })
    const report = JSON.parse(json.stdout)
    expect(report.healthy).toBe(false)
    const problems = report.checks.filter((check: { status: string }) => check.status === 'problem')
    expect(problems.map((check: { name: string }) => check.name)).toEqual(['temporal', 'jobs_api'])
    for (const check of problems) expect(check.fix).toContain('jobwright dev')
  })
})

describe('with a closed port', () => {
  test('Temporal: address, cause and exit 3', async () => {
    const address = `127.0.0.1:${await findFreePort()}`
    const { code, stdout, stderr } = await jobwright(['runs', '--output', 'json'], {
      env: { TEMPORAL_ADDRESS: address, TEMPORAL_API_KEY: token, TEMPORAL_TLS: 'false' },
    })
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' })
    const { error } = JSON.parse(stderr)
    expect(error).toMatchObject({ code: 'temporal_unreachable', exit_code: 3 })
    expect(error.message).toContain(`Temporal at ${address} does not answer: `)
    expect(error.message).toContain('ECONNREFUSED')
    // One piece of advice, not two.
    expect(stderr.match(/start it/gi)).toHaveLength(1)
    expect(error.fix).toContain('TEMPORAL_ADDRESS')
    expect(stderr).not.toContain(token)
  })

  test('Jobs API: address, cause and exit 3, and never the token', async () => {
    const url = `http://127.0.0.1:${await findFreePort()}/api/v1`
    const { code, stdout, stderr } = await jobwright(['jobs', 'schemas', '--output', 'json'], {
      env: { JOBS_API_URL: url, JOBS_API_TOKEN: token },
    })
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' })
    expect(stderr).toContain(url)
    expect(stderr).toContain('ECONNREFUSED')
    expect(stderr).not.toContain(token)
  })

  test('a URL without a token is refused before anything is sent', async () => {
    const { code, stderr } = await jobwright(['jobs', 'list'], {
      env: { JOBS_API_URL: `http://127.0.0.1:${await findFreePort()}/api/v1` },
    })
    expect(code).toBe(2)
    expect(stderr).toContain('error no_token')
  })

  test('a Temporal address with a scheme or credentials is refused, and never repeated', async () => {
    const { code, stdout, stderr } = await jobwright(['runs'], {
      env: { TEMPORAL_ADDRESS: 'http://ada:hunter2@127.0.0.1:7233' },
    })
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain('error bad_environment TEMPORAL_ADDRESS: ')
    expect(stderr).toContain('127.0.0.1:7233')
    expect(stderr).not.toContain('hunter2')
  })

  test('a certificate that cannot be read is a matter of usage, and names its variable', async () => {
    const address = `127.0.0.1:${await findFreePort()}`
    const files = {
      TEMPORAL_TLS_CLIENT_CERT_PATH: '/nowhere/a.pem',
      TEMPORAL_TLS_CLIENT_KEY_PATH: '/nowhere/a.key',
    }
    for (const args of [['runs'], ['worker']]) {
      const { code, stderr } = await jobwright(args, { env: { TEMPORAL_ADDRESS: address, ...files } })
      expect({ args, code }).toEqual({ args, code: 2 })
      expect(stderr).toContain('TEMPORAL_TLS_CLIENT_CERT_PATH: cannot read /nowhere/a.pem (ENOENT)')
    }
  })

  test.each(['dev', 'server'])(
    '%s names a data directory that cannot be made, and the variable',
    async (root) => {
      await withTempDir(async (cwd) => {
        await writeFile(path.join(cwd, 'file'), '')
        const env = { JOBWRIGHT_DATA_DIR: path.join(cwd, 'file', 'data'), JOBWRIGHT_PORT: '0' }
        const { code, stdout, stderr } = await jobwright([root], { env, cwd })
        expect({ code, stdout }).toEqual({ code: 3, stdout: '' })
        expect(stderr).toContain(`cannot make ${env.JOBWRIGHT_DATA_DIR}`)
        expect(stderr).toContain('ENOTDIR')
        expect(stderr).toContain('JOBWRIGHT_DATA_DIR')
      })
    },
  )

  test('documents push names a bad directory before it looks for a server', async () => {
    await withTempDir(async (cwd) => {
      const missing = await jobwright(['documents', 'push', 'missing', '--as', 'pdu'], { cwd })
      expect(missing).toMatchObject({ code: 2, stdout: '' })
      expect(missing.stderr).toContain('error no_such_directory')
      await mkdir(path.join(cwd, 'empty'))
      const empty = await jobwright(['documents', 'push', 'empty', '--as', 'pdu'], { cwd })
      expect(empty).toMatchObject({ code: 2, stdout: '' })
      expect(empty.stderr).toContain('.md, .markdown, .txt')
    })
  })
})
