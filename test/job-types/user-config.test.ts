import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, expectTypeOf, test } from 'vitest'
import { sleep } from '../../src/built-in/sleep.ts'
import { defineConfig, loadUserConfig, UserConfigError } from '../../src/job-types/user-config.ts'

const source = (name: string, room = 'job-types') =>
  JSON.stringify(fileURLToPath(new URL(`../../src/${room}/${name}`, import.meta.url)))
let cwd: string

beforeEach(async () => {
  cwd = await mkdtemp(path.join(tmpdir(), 'jobwright-config-'))
  await writeFile(path.join(cwd, 'package.json'), '{"type":"module"}')
})
afterEach(() => rm(cwd, { recursive: true }))

async function write(text: string, name = 'jobwright.config.ts'): Promise<string> {
  const file = path.join(cwd, name)
  await writeFile(file, text)
  return file
}

describe('The user config', () => {
  test('is empty when there is no file', async () => {
    expect(await loadUserConfig(undefined, cwd)).toEqual({
      jobTypes: [],
      connections: {},
      secrets: {},
      notifications: {},
      notificationTargets: [],
    })
  })

  test('is found in the working directory, TypeScript first', async () => {
    await write(`export const secrets = { A: 'js' }`, 'jobwright.config.mjs')
    expect(await loadUserConfig(undefined, cwd)).toMatchObject({ secrets: { A: 'js' } })
    const file = await write(`
      import { defineConfig } from ${source('user-config.ts')}
      import { sleep } from ${source('sleep.ts', 'built-in')}
      const token: string = 't'
      export default defineConfig({
        jobTypes: [{ ...sleep, jobType: 'nap' }],
        connections: { other: { url: 'https://other.example/api/v1', token } },
        secrets: { A: 'ts', B: async () => 'b' },
      })`)
    const loaded = await loadUserConfig(undefined, cwd)
    expect(loaded).toMatchObject({
      file,
      connections: { other: { url: 'https://other.example/api/v1' } },
      secrets: { A: 'ts' },
    })
    expect(loaded.jobTypes.map(({ jobType }) => jobType)).toEqual(['nap'])
  })

  test('may be another file', async () => {
    await write(`export const secrets = {}`, 'other.mjs')
    expect(await loadUserConfig('other.mjs', cwd)).toMatchObject({ file: path.join(cwd, 'other.mjs') })
    await expect(loadUserConfig('missing.ts', cwd)).rejects.toThrow(
      `${path.join(cwd, 'missing.ts')}: there is no such file`,
    )
  })

  test.each([
    ['does not parse', 'export const =', /could not be loaded: \w+Error/],
    ['throws', `throw new TypeError('no such thing')`, /could not be loaded: TypeError: no such thing/],
    [
      'imports what is not there',
      `import 'no-such-package'`,
      /could not be loaded: Error: Cannot find package 'no-such-package'/,
    ],
    ['exports nothing of use', `export const nothing = 1`, /exports none of jobTypes, connections, secrets/],
    ['exports a function', `export default () => ({})`, /the default export is no object/],
    ['has job types that are no list', `export const jobTypes = {}`, /jobTypes is no list/],
    [
      'has a job type that is none',
      `export const jobTypes = [{ jobType: 'x' }]`,
      /jobTypes\[0\] is no job type/,
    ],
    [
      'has a job type twice',
      `import { sleep } from ${source('sleep.ts', 'built-in')}; export const jobTypes = [sleep, sleep]`,
      /two job types are named sleep/,
    ],
    [
      'has an unset secret',
      `export const secrets = { TOKEN: process.env.NO_SUCH_VARIABLE }`,
      /secrets\.TOKEN is undefined \(is its environment variable set\?\)/,
    ],
    [
      'has a secret that is no text',
      `export const secrets = { TOKEN: 4711 }`,
      /secrets\.TOKEN is number; expected text, or a function/,
    ],
    [
      'has a notification that is no function',
      `export const notifications = { page: 4711 }`,
      /notifications\.page is number; expected a function/,
    ],
    [
      'has a target of notifications that is a URL',
      `export const notificationTargets = ['h:80', 'http://canary']`,
      /notificationTargets\[1\] is no receiver; expected a host/,
    ],
    [
      'has a connection with an address that is none',
      `export const connections = { a: { url: 'http://h', token: 't', url: 'http://' } }`,
      /connections\.a has (no usable|unusable) `url`/,
    ],
    [
      'has a connection with credentials in its address',
      `export const connections = { a: { url: 'http://h', token: 't', url: 'http://u:canary@h' } }`,
      /connections\.a has (no usable|unusable) `url`/,
    ],
    [
      'has a connection with a token that no header can carry',
      `export const connections = { a: { url: 'http://h', token: 't', token: 'canary\\n' } }`,
      /connections\.a has (no usable|unusable) `token`/,
    ],
    [
      'has a connection with a header that none can be',
      `export const connections = { a: { url: 'http://h', token: 't', headers: { x: 'can\\nary' } } }`,
      /connections\.a has (no usable|unusable) `headers`/,
    ],
    [
      'has a connection with a rate as text',
      `export const connections = { a: { url: 'http://h', token: 't', requestsPerSecond: '5' } }`,
      /connections\.a has (no usable|unusable) `requestsPerSecond`/,
    ],
    [
      'has a connection with a third bound',
      `export const connections = { a: { url: 'http://h', token: 't', bounds: { delivery: '1s', listing: '1s', canary: '1s' } } }`,
      /connections\.a has (no usable|unusable) `bounds`/,
    ],
    [
      'has a connection with a delivery within no time',
      `export const connections = { a: { url: 'http://h', token: 't', bounds: { delivery: '0s', listing: '0s' } } }`,
      /connections\.a has (no usable|unusable) `bounds`/,
    ],
    [
      'has a connection without token',
      `export const connections = { a: { url: 'canary' } }`,
      /connections\.a has no usable `url`/,
    ],
  ])('that %s is refused with its file and the cause', async (_, text, message) => {
    const file = await write(text, 'broken.config.mjs')
    const error = await loadUserConfig(file, cwd).catch((reason: unknown) => reason)
    if (!(error instanceof UserConfigError)) throw error
    expect(error).toMatchObject({ code: 'bad_user_config', file })
    expect(error.message).toMatch(message)
    expect(error.message).toContain(`${file}: `)
    expect(error.message).not.toMatch(/4711|canary/)
  })

  test('is loaded by Node itself, which names the line that does not parse, and the package that is not there', async () => {
    await write(`export { defineConfig } from 'jobwright/job-types'`, 'lost.config.ts')
    await write('enum No {}\nexport const secrets = {}', 'broken.config.ts')
    await write(`const secrets: Record<string, string> = { A: 'typed' }\nexport { secrets }`)
    const script = `
      import { loadUserConfig } from ${source('user-config.ts')}
      const show = (file) => loadUserConfig(file, process.cwd()).then(({ secrets }) => secrets.A, ({ message, fix }) => message + '; ' + fix)
      console.log(JSON.stringify([await show(), await show('broken.config.ts'), await show('lost.config.ts')]))`
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
      cwd,
    })
    expect(JSON.parse(stdout)).toEqual([
      'typed',
      expect.stringMatching(/broken\.config\.ts: could not be loaded, line 1: SyntaxError: .*enum/s),
      expect.stringMatching(/Cannot find package 'jobwright' .* run npm install with the path/),
    ])
  })

  test('that a package.json turns into CommonJS is refused with what to set there', async () => {
    await write('{"type":"commonjs"}', 'package.json')
    await write(`import path from 'node:path'\nexport const secrets = { A: path.sep }`)
    await write('export const secrets = {}', 'other.config.ts')
    const script = `
      import { loadUserConfig } from ${source('user-config.ts')}
      const show = (file) => loadUserConfig(file, process.cwd()).then(() => 'loaded', ({ message, fix }) => message + '; ' + fix)
      console.log(JSON.stringify([await show(), await show('other.config.ts')]))`
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
      cwd,
    })
    const hint = expect.stringMatching(/; set "type": "module" in the nearest package\.json$/)
    expect(JSON.parse(stdout)).toEqual([hint, hint])
  })

  test('has types', () => {
    defineConfig({ jobTypes: [sleep], secrets: { A: 'a', B: () => 'b', C: async () => 'c' } })
    // @ts-expect-error a number is no secret
    expect(() => defineConfig({ secrets: { A: 1 } })).not.toThrow()
    expectTypeOf(loadUserConfig).returns.resolves.toHaveProperty('secrets')
  })
})
