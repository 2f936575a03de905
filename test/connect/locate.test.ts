import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { loadConfig } from '../../src/config.ts'
import { type FindStack, locateApi, locateTemporal } from '../../src/connect/locate.ts'
import { withTempDir } from '../cli/helpers.ts'

const stackAt =
  (tokenFile = '/none'): FindStack =>
  async () => ({
    temporalAddress: '127.0.0.1:7000',
    namespace: 'default',
    apiUrl: 'http://127.0.0.1:8000/api/v1',
    defaultConnection: 'http://127.0.0.1:8000/api/v1',
    tokenFile,
  })
const noStack: FindStack = async () => undefined

describe('Temporal is', () => {
  test('where the environment says, with its key and namespace', async () => {
    const config = loadConfig({
      TEMPORAL_ADDRESS: 'cloud:7233',
      TEMPORAL_NAMESPACE: 'mine',
      TEMPORAL_API_KEY: 'key',
    })
    expect(await locateTemporal(config, stackAt())).toMatchObject({
      options: { address: 'cloud:7233', namespace: 'mine', apiKey: 'key' },
      source: 'environment',
    })
  })

  test('else where the embedded stack is, which gets no key of the user', async () => {
    const place = await locateTemporal(loadConfig({ TEMPORAL_API_KEY: 'key' }), stackAt())
    expect(place).toEqual({
      options: { address: '127.0.0.1:7000', namespace: 'default' },
      source: 'embedded stack',
    })
  })

  test('not that of a stack which works on another Jobs API than is named', async () => {
    const named = loadConfig({ JOBS_API_URL: 'https://jobs.example/api/v1', JOBS_API_TOKEN: 'mine' })
    await expect(locateTemporal(named, stackAt())).rejects.toMatchObject({ code: 'other_jobs_api' })
    const same = loadConfig({ JOBS_API_URL: 'http://127.0.0.1:8000/api/v1/', JOBS_API_TOKEN: 'mine' })
    expect(await locateTemporal(same, stackAt())).toMatchObject({ source: 'embedded stack' })
  })

  test('else nowhere', async () => {
    await expect(locateTemporal(loadConfig({}), noStack)).rejects.toMatchObject({
      code: 'no_temporal',
      fault: 'unreachable',
    })
  })
})

describe('the Jobs API is', () => {
  test('where the environment says, with the token of the environment', async () => {
    const config = loadConfig({ JOBS_API_URL: 'https://jobs.example/api/v1', JOBS_API_TOKEN: 'mine' })
    expect(await locateApi(config, stackAt())).toEqual({
      baseUrl: 'https://jobs.example/api/v1',
      token: 'mine',
      source: 'environment',
    })
  })

  test('else where the embedded stack is, whose token is read when it is needed', async () => {
    await withTempDir(async (directory) => {
      const file = path.join(directory, 'token')
      const place = await locateApi(loadConfig({}), stackAt(file))
      expect(place).toMatchObject({ baseUrl: 'http://127.0.0.1:8000/api/v1', source: 'embedded stack' })
      await writeFile(file, 'first\n')
      expect(await (place.token as () => Promise<string>)()).toBe('first')
      await writeFile(file, 'second\n')
      expect(await (place.token as () => Promise<string>)()).toBe('second')
    })
  })

  test('never sent the token of the stack when the environment names another server', async () => {
    const config = loadConfig({ JOBS_API_URL: 'https://jobs.example/api/v1' })
    await expect(locateApi(config, stackAt())).rejects.toMatchObject({ code: 'no_token', fault: 'usage' })
  })

  test('the stack when the environment names just that one, without a token', async () => {
    const config = loadConfig({ JOBS_API_URL: 'http://127.0.0.1:8000/api/v1/' })
    expect(await locateApi(config, stackAt())).toMatchObject({ source: 'embedded stack' })
  })

  test('not usable when the token file cannot be read, and the error names the file', async () => {
    const place = await locateApi(loadConfig({}), stackAt('/none/token'))
    await expect((place.token as () => Promise<string>)()).rejects.toMatchObject({
      code: 'token_unreadable',
      message: expect.stringContaining('/none/token'),
    })
  })
})
