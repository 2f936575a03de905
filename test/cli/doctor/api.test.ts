import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { profileOf } from '../../../src/activities/profile-connection.ts'
import { checkCapabilities, checkConnections, checkMode } from '../../../src/cli/doctor/api.ts'
import { findFreePort } from '../../../src/dev-stack/temporal-cli/free-port.ts'
import { allCapabilities } from '../../helpers/capabilities.ts'
import { jobwright, scriptedContext } from '../helpers.ts'

const flags = Object.keys(allCapabilities).filter(
  (name) => allCapabilities[name as keyof typeof allCapabilities] === true,
)

test.each(flags)(
  'of a server without %s the doctor says the mode that steps run in, or what is not offered',
  (name) => {
    const lacking = { ...allCapabilities, [name]: false }
    const { mode } = profileOf(
      { capabilities: lacking, workspace: undefined },
      { deleteJobs: 'never' },
      { connection: 'default' },
    )
    const { detail } = checkMode(lacking, false)
    expect(detail).toMatch(new RegExp(`^${mode}: `))
    const [capabilities] = checkCapabilities(lacking)
    expect(`${detail} ${capabilities?.detail}`).toContain(name)
  },
)

test('a server that tells no capabilities is strict, or bounded where its operator vouches for bounds', () => {
  expect(checkCapabilities(undefined)).toEqual([])
  expect(checkMode(undefined, false)).toMatchObject({
    status: 'ok',
    detail: expect.stringMatching(/^strict: /),
  })
  expect(checkMode(undefined, true).detail).toMatch(/^bounded: /)
  expect(checkCapabilities(allCapabilities)[0]?.status).toBe('ok')
})

/** A Jobs API of the reference alone: without capabilities, and so without keys. Its URL, without a path. */
async function startPlainApi() {
  const requests: string[] = []
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`)
    const isSchemas = request.url === '/api/v1/jobs/schemas'
    response.writeHead(isSchemas ? 200 : 404, { 'Content-Type': 'application/json' })
    response.end(isSchemas ? '[]' : '{}')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return { requests, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

test('every connection of the configuration is looked at', async () => {
  const { origin } = await startPlainApi()
  const connections = {
    plain: { url: `${origin}/api/v1`, token: 'x' },
    away: { url: `http://127.0.0.1:${await findFreePort()}/api/v1`, token: 'x' },
  }
  const ctx = scriptedContext({ overrides: { connections: async () => connections } })
  expect(await checkConnections(ctx)).toMatchObject([
    { name: 'connection plain', status: 'ok', detail: expect.stringContaining('strict') },
    { name: 'connection away', status: 'problem', detail: expect.stringContaining('ECONNREFUSED') },
  ])
  const broken = { connections: () => Promise.reject(new Error('no such file')) }
  expect(await checkConnections(scriptedContext({ overrides: broken }))).toMatchObject([
    { name: 'config', status: 'problem' },
  ])
})

test('a key is refused where the server offers none, and nothing is sent', async () => {
  const { origin, requests } = await startPlainApi()
  const env = { JOBS_API_URL: `${origin}/api/v1`, JOBS_API_TOKEN: 'x' }
  for (const args of [
    ['run', 'a-job'],
    ['create', '--type', 'sleep'],
  ]) {
    const { code, stdout, stderr } = await jobwright(['jobs', ...args, '--key', 'k'], { env })
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain('error server_without_keys')
  }
  expect(requests.filter((request) => request.startsWith('POST'))).toEqual([])
})

test('an address without the path of the API is told from a resource that is not there', async () => {
  const { origin } = await startPlainApi()
  const { stderr } = await jobwright(['jobs', 'schemas'], {
    env: { JOBS_API_URL: origin, JOBS_API_TOKEN: 'x' },
  })
  expect(stderr).toMatch(/→ check that JOBS_API_URL ends in .*\/api\/v1/)
})

test('the headers of the environment go with every request to the default connection', async () => {
  const seen: (string | string[] | undefined)[] = []
  const server = createServer((request, response) => {
    seen.push(request.headers['x-team'])
    const isSchemas = request.url === '/api/v1/jobs/schemas'
    response.writeHead(isSchemas ? 200 : 404, { 'Content-Type': 'application/json' }).end('[]')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  const env = {
    JOBS_API_URL: `http://127.0.0.1:${port}/api/v1`,
    JOBS_API_TOKEN: 'x',
    JOBS_API_HEADERS: 'x-team: power',
  }
  const { code, stderr } = await jobwright(['jobs', 'schemas'], { env })
  expect(code, stderr).toBe(0)
  expect(new Set(seen)).toEqual(new Set(['power']))
})
