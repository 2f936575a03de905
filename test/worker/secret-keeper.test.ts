import { expect, it } from 'vitest'
import { JobsClient } from '../../src/client/index.ts'
import { createSecretKeeper, type EarlierSecrets } from '../../src/worker/secret-keeper.ts'

it('a secret that was replaced since it was sent is masked as well as its successor', async () => {
  const api = new JobsClient({ baseUrl: 'http://127.0.0.1:9/api/v1', token: 'token' })
  const values = ['the-first-value', 'the-second-value']
  const secrets = {
    KEY: () => {
      const value = values.shift()
      if (value === undefined) throw new Error('the vault is away')
      return value
    },
  }
  const earlier: EarlierSecrets = new Map()
  const sent = await createSecretKeeper(secrets, earlier).resolve(api, { key: { $secret: 'KEY' } })
  expect(sent).toEqual({ key: 'the-first-value' })
  for (const isThere of [true, false]) {
    const later = createSecretKeeper(secrets, earlier)
    await later.learn(['KEY'])
    expect([isThere, later.mask('of the-first-value')]).toEqual([isThere, 'of ***'])
  }
  expect(createSecretKeeper(secrets).mask('of the-first-value')).toBe('of the-first-value')
})
