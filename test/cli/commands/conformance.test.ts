import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findFreePort } from '../../../src/dev-stack/temporal-cli/free-port.ts'
import { type ForeignServer, startForeignServer } from '../../foreign-server/index.ts'
import { jobwright } from '../helpers.ts'

let server: ForeignServer
beforeAll(async () => {
  server = await startForeignServer({ durationMs: 300 })
})
afterAll(() => server.stop())

const run = (args: string[], env: Record<string, string> = { JOBS_API_TOKEN: server.token }) =>
  jobwright(['conformance', ...args], { env })

describe('jobwright conformance', () => {
  test('says what holds, and the mode; exits 0 where nothing fails', async () => {
    const { code, stdout } = await run([server.url])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^holds {4}GET \/jobs\/schemas: /m)
    expect(stdout).toMatch(/^skipped {2}jobs\.create, .*: needs --write$/m)
    expect(stdout).toMatch(/^Mode +strict: it does not offer idempotency_keys/m)
    expect(stdout).toContain('bounds.delivery')
  })

  test('with --write makes and puts away; as JSON; exits 1 with what was found where something fails', async () => {
    server.habits.count = 'zero'
    try {
      const { code, stdout, stderr } = await run([`${server.url}/`, '--write', '--output', 'json'])
      expect(code).toBe(1)
      const report = JSON.parse(stdout)
      expect(report).toMatchObject({ conforms: false, fit_for_pipelines: false, profile: { mode: 'strict' } })
      expect(report.checks.find(({ id }: { id: string }) => id === 'runs.count')).toMatchObject({
        verdict: 'fails',
        needed: true,
        found: expect.stringMatching(/^\d items, and count 0$/),
        expected: 'the same',
      })
      expect(stderr).toMatch(/^made job \S+ of type work\ntriggered job run /)
      const text = (await run([server.url])).stdout
      expect(text).toContain('[pipelines need it]\n           found ')
    } finally {
      server.habits.count = 'items'
    }
  })

  test('takes the token of another variable, and never shows it', async () => {
    const token = { OTHER_TOKEN: server.token }
    expect((await run([server.url, '--token-env', 'OTHER_TOKEN'], token)).code).toBe(0)
    const unset = await run([server.url, '--token-env', 'NO_SUCH_TOKEN'], token)
    expect([unset.code, unset.stderr]).toEqual([2, expect.stringContaining('NO_SUCH_TOKEN is not set')])
    const wrong = await run([server.url, '--token-env', 'OTHER_TOKEN'], { OTHER_TOKEN: 'canary-of-a-token' })
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('token_refused')])
    expect(wrong.stderr + wrong.stdout).not.toContain('canary')
  })

  test('exits 3 where nothing answers, 2 for what cannot be tried', async () => {
    const gone = await run([`http://127.0.0.1:${await findFreePort()}/api/v1`])
    expect([gone.code, gone.stderr]).toEqual([3, expect.stringContaining('connection_refused')])
    const idle = await run([server.url, '--job-type', 'work'])
    expect([idle.code, idle.stderr]).toEqual([2, expect.stringContaining('nothing_to_write')])
    const unknown = await run([server.url, '--write', '--job-type', 'none'])
    expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining('no_job_type')])
  })
})
