import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { dayBefore } from '../../examples/nightly-batch/job-types/list-sites.ts'
import { loadUserConfig } from '../../src/job-types/index.ts'
import { fail, testPipeline } from '../../src/testing/in-memory/index.ts'
import { signedHeaders } from '../../src/webhooks/signing.ts'
import { until } from '../helpers/until.ts'
import { repository } from './pages.ts'

const folder = path.join(repository, 'examples', 'nightly-batch')

/** Of one night: documents from the folder, and how often each job was run. */
async function night(startedAt: string, faults = {}) {
  const { jobTypes } = await loadUserConfig(undefined, folder)
  const runs = new Map<string, number>()
  return testPipeline(
    { file: path.join(folder, 'pipeline.yaml') },
    {
      jobs: Object.fromEntries(jobTypes.map((jobType) => [jobType.jobType, jobType])),
      startedAt: new Date(startedAt),
      faults,
      api: {
        getDocument: async (_: string, file: string) => ({
          content: await readFile(path.join(folder, 'documents', file)),
        }),
        async listJobRuns({ job_id: id }: { job_id: string }) {
          runs.set(id, (runs.get(id) ?? 0) + 1)
          return { items: Array.from({ length: runs.get(id) ?? 0 }, () => ({})) }
        },
      },
    },
  )
}

describe('the nightly batch', () => {
  test('reads the day before, tries the busy gateway again, and reports', async () => {
    const run = await night('2026-04-13T00:30:00Z')
    expect(run.status).toBe('completed')
    expect(run.outputs).toMatchObject({
      day: '2026-04-12',
      totals: { read: 5, missing: [], over: ['mill'] },
    })
    expect(run.outputs.report).toContain('| Harbour | ')
    expect(run.step('read').items.map(({ generation }) => generation)).toEqual([1, 1, 2, 1, 1])
    expect(run.elapsedMs).toBe(2_000)
  })

  test('reports without a site that has no reading, which was looked for three times', async () => {
    const run = await night('2026-04-11T00:30:00Z')
    expect(run.status).toBe('completed')
    expect(run.warnings).toHaveLength(1)
    expect(run.step('read').items[4]).toMatchObject({ generation: 3, error: { code: 'no_reading' } })
    expect(run.outputs.totals).toMatchObject({ read: 4, missing: ['depot'], over: [] })
    expect(run.outputs.report).toContain('| Depot | missing | | |')
  })

  test('reports nothing where the sites are not known', async () => {
    const run = await night('2026-04-13T00:30:00Z', { sites: fail('no such collection') })
    expect([run.status, run.step('report').status]).toEqual(['failed', 'skipped'])
  })

  test.each([
    // The nights in which clocks are put forward and back.
    ['2026-03-29T02:30:00Z', '2026-03-28'],
    ['2026-10-25T03:30:00Z', '2026-10-24'],
    ['2026-10-26T03:30:00Z', '2026-10-25'],
    ['2026-12-31T23:30:00Z', '2026-12-31'],
  ])('the day before %s, in Berlin, is %s', (instant, day) => {
    expect(dayBefore(instant, 'Europe/Berlin')).toBe(day)
  })
})

test('the receiver prints what is signed with the secret, and refuses everything else', async () => {
  const secret = 'whsec_dGVzdA=='
  const child = spawn(process.execPath, ['receiver.ts'], {
    cwd: folder,
    env: { ...process.env, NIGHT_HOOK_PORT: '0', NIGHT_HOOK_SECRET: secret },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    let printed = ''
    child.stdout.setEncoding('utf8').on('data', (piece: string) => {
      printed += piece
    })
    const url = await until('it listens', () => /http:\S+(?=\n)/.exec(printed)?.[0])
    const body = JSON.stringify({ type: 'pipeline_run.completed', timestamp: 'now', data: { id: 'night-1' } })
    const send = async (signedWith: string) => {
      const message = { id: 'msg_1', timestamp: Math.floor(Date.now() / 1000), body }
      const { status } = await fetch(url, {
        method: 'POST',
        body,
        headers: signedHeaders(message, [signedWith]),
      })
      return status
    }
    expect([await send(secret), await send('whsec_b3RoZXI=')]).toEqual([204, 401])
    await until('both are printed', () => /pipeline_run\.completed .*night-1[\s\S]*refused: /.test(printed))
  } finally {
    child.kill('SIGKILL')
  }
})
