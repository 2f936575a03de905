import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { findFreePort } from '../../src/dev-stack/temporal-cli/free-port.ts'
import { createRegistry, defineJobType } from '../../src/job-types/index.ts'
import { type Person, startApi, type TestApi } from '../server/routes/api.ts'
import { jobwright, withTempDir } from './helpers.ts'

const probe = (config: z.ZodType) =>
  defineJobType({
    jobType: 'probe',
    displayName: 'Probe',
    description: 'Has a field.',
    config,
    outputs: { sum: z.number() },
    run: async () => undefined,
  })

/** The same server before and after a deployment. */
let old: TestApi
let now: TestApi
const people = new Map<TestApi, Person>()
beforeAll(async () => {
  old = await startApi({ registry: createRegistry([probe(z.strictObject({ size: z.string() }))]) })
  now = await startApi({
    registry: createRegistry([probe(z.strictObject({ size: z.int(), fast: z.boolean().default(false) }))]),
  })
  for (const api of [old, now]) people.set(api, await api.person())
})
afterAll(async () => {
  await old?.close()
  await now?.close()
})

const run = (cwd: string, api: TestApi, ...args: string[]) =>
  jobwright(['types', ...args], {
    cwd,
    env: { JOBS_API_URL: `${api.url}/api/v1`, JOBS_API_TOKEN: people.get(api)?.token ?? '' },
  })

test('writes what the server has now, and --check names what has changed since', async () => {
  await withTempDir(async (cwd) => {
    const printed = await run(cwd, old)
    expect(printed).toMatchObject({ code: 0, stderr: '' })
    expect(printed.stdout).toContain('size: string')
    const missing = await run(cwd, old, '--check', '--out', 'types.ts')
    expect(missing).toMatchObject({ code: 1, stdout: 'probe is new\n' })
    expect(missing.stderr).toContain('types.ts does not exist\n  → jobwright types --out types.ts\n')

    expect(await run(cwd, old, '--out', 'types.ts')).toMatchObject({ code: 0, stdout: '' })
    expect((await run(cwd, old, '--out', 'types.ts')).stderr).toBe('types.ts is up to date\n')
    expect(await run(cwd, old, '--check', '--out', 'types.ts')).toEqual({ code: 0, stdout: '', stderr: '' })

    const drifted = await run(cwd, now, '--check', '--out', 'types.ts')
    expect(drifted).toMatchObject({
      code: 1,
      stdout: 'probe config.size: string → number\nprobe config.fast: absent → boolean\n',
    })
    const json = await run(cwd, now, '--check', '--out', 'types.ts', '--output', 'json')
    expect(JSON.parse(json.stdout)).toEqual({
      file: 'types.ts',
      current: false,
      drift: [
        { job_type: 'probe', field: 'config.size', before: 'string', after: 'number' },
        { job_type: 'probe', field: 'config.fast', before: null, after: 'boolean' },
      ],
    })
    await run(cwd, now, '--out', 'types.ts')
    expect(await readFile(path.join(cwd, 'types.ts'), 'utf8')).toMatch(/size: number\n.*@default false/s)
    expect((await run(cwd, now, '--check', '--out', 'types.ts')).code).toBe(0)
  })
})

test('leaves a file of somebody else as it is', async () => {
  await withTempDir(async (cwd) => {
    await writeFile(path.join(cwd, 'mine.ts'), 'export const mine = 1\n')
    for (const args of [
      ['--out', 'mine.ts'],
      ['--out', 'mine.ts', '--check'],
    ]) {
      const outcome = await run(cwd, old, ...args)
      expect(outcome.code).toBe(2)
      expect(outcome.stderr).toContain('error not_a_types_file mine.ts')
    }
    expect(await readFile(path.join(cwd, 'mine.ts'), 'utf8')).toBe('export const mine = 1\n')
  })
})

test('asks the connection that is named', async () => {
  await withTempDir(async (cwd) => {
    const token = JSON.stringify(people.get(now)?.token)
    const config = `export const connections = { other: { url: '${now.url}/api/v1', token: ${token} } }\n`
    await writeFile(path.join(cwd, 'jobwright.config.mjs'), config)
    expect((await run(cwd, old, '--connection', 'other')).stdout).toContain('size: number')
    const unknown = await run(cwd, old, '--connection', 'othr')
    expect(unknown).toMatchObject({ code: 2, stdout: '' })
    expect(unknown.stderr).toMatch(/unknown_connection .*othr\n.*did you mean.*other/s)
  })
})

test('says what is missing', async () => {
  await withTempDir(async (cwd) => {
    expect(await jobwright(['types', '--check'], { cwd })).toMatchObject({ code: 2, stdout: '' })
    const nowhere = await jobwright(['types'], { cwd })
    expect(nowhere).toMatchObject({ code: 3, stdout: '' })
    expect(nowhere.stderr).toContain('`jobwright dev`')
    const closed = await jobwright(['types', '--out', 'types.ts'], {
      cwd,
      env: {
        JOBS_API_URL: `http://127.0.0.1:${await findFreePort()}/api/v1`,
        JOBS_API_TOKEN: 'sixteen-characters',
      },
    })
    expect(closed).toMatchObject({ code: 3, stdout: '' })
  })
})
