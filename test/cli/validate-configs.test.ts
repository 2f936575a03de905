import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { createRegistry, defineJobType } from '../../src/job-types/index.ts'
import { type Person, startApi, type TestApi } from '../server/routes/api.ts'
import { jobwright, withTempDir } from './helpers.ts'

const source = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('file'), path: z.string() }),
  z.strictObject({ kind: z.literal('web'), url: z.url() }),
])
const probe = defineJobType({
  jobType: 'probe',
  displayName: 'Probe',
  description: 'Has a field of every sort.',
  config: z.strictObject({
    name: z.string(),
    url: z.url().optional(),
    mail: z.email().optional(),
    mode: z.enum(['fast', 'slow']).optional(),
    hosts: z.array(z.strictObject({ url: z.url(), port: z.int().max(65535).optional() })).optional(),
    source: source.optional(),
  }),
  run: async () => undefined,
})

let api: TestApi
let person: Person
beforeAll(async () => {
  api = await startApi({ registry: createRegistry([probe]) })
  person = await api.person()
})
afterAll(() => api?.close())

/** What `jobwright validate` says of a step with this config. */
async function validate(config: object): Promise<{ code: number | null; messages: string[] }> {
  const steps = { one: { job_type: 'probe', config } }
  return withTempDir(async (cwd) => {
    await writeFile(path.join(cwd, 'probe.yaml'), JSON.stringify({ name: 'probe', steps }))
    const { code, stdout } = await jobwright(['validate', 'probe.yaml', '--output', 'json'], {
      cwd,
      env: { JOBS_API_URL: `${api.url}/api/v1`, JOBS_API_TOKEN: person.token },
    })
    return {
      code,
      messages: JSON.parse(stdout).findings.map((finding: { message: string }) => finding.message),
    }
  })
}

/** What the server says of the same config, with its pointers as names. */
async function create(config: object): Promise<{ status: number; details: string[] }> {
  const { status, json } = await person.post('/jobs', {
    job_type: 'probe',
    config: { ...config, job_type: 'probe' },
  })
  const details = (json.errors ?? []).map(
    ({ pointer, detail }: { pointer: string; detail: string }) =>
      `${pointer
        .slice(1)
        .replace(/\/(\d+)/g, '[$1]')
        .replaceAll('/', '.')} ${detail}`,
  )
  return { status, details }
}

test.each([
  ['a format', { name: 'a', url: 'nowhere' }],
  ['a value of a list', { name: 'a', mode: 'fats' }],
  ['what is in a list', { name: 'a', hosts: [{ url: 'a:b' }, { url: 'a', port: 70_000 }] }],
  ['what is missing or unknown', { nam: 'a', hosts: [{ ulr: 'a:b' }] }],
  ['the types', { name: 1, url: false, hosts: {} }],
])('`validate` and the server say the same of %s', async (_, config) => {
  const [validated, created] = await Promise.all([validate(config), create(config)])
  expect(validated.code).toBe(2)
  expect(created.status).toBe(422)
  expect(created.details.length).toBeGreaterThan(0)
  // The command adds what was found.
  expect(
    validated.messages.map((message) => message.replace(/(, found .*)? \(job type `probe`\)$/, '')).sort(),
  ).toEqual(created.details.sort())
})

test('of alternatives and written-out formats `validate` says only a part, in the words of the server', async () => {
  const config = { name: 'a', mail: 'x', source: { kind: 'web', url: 'nowhere' } }
  const [validated, created] = await Promise.all([validate(config), create(config)])
  expect(validated.messages).toEqual([
    'config.mail must match format "email", found text "x" (job type `probe`)',
    'config.source.url must match format "uri", found text "nowhere" (job type `probe`)',
  ])
  expect(created.details).toEqual(
    expect.arrayContaining([
      'config.mail must match format "email"',
      'config.source.url must match format "uri"',
    ]),
  )
})

test('what one takes the other takes', async () => {
  const config = {
    name: 'a',
    url: 'https://example.com/',
    hosts: [{ url: 'a:b', port: 1 }],
    source: { kind: 'file', path: 'a' },
  }
  expect(await validate(config)).toEqual({ code: 0, messages: [] })
  expect(await create(config)).toEqual({ status: 201, details: [] })
})
