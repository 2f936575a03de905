import { describe, expect, it } from 'vitest'
import { requireFencedServer } from '../../src/activities/capabilities.ts'
import { allCapabilities } from '../helpers/capabilities.ts'

describe('a server is refused before anything is triggered', () => {
  it.each(['idempotency_keys', 'cancel_by_key', 'change_feed', 'client_ref'] as const)(
    'without %s, which is named',
    (name) => {
      const act = () => requireFencedServer({ ...allCapabilities, [name]: false }, 'partner', false)
      expect(act).toThrow(
        expect.objectContaining({ nonRetryable: true, type: 'server_without_idempotency_keys' }),
      )
      expect(act).toThrow(new RegExp(`partner does not offer ${name}, without`))
    },
  )

  it('when it has no capabilities at all', () => {
    expect(() => requireFencedServer(undefined, 'partner', false)).toThrow(
      /idempotency_keys, cancel_by_key, change_feed, client_ref/,
    )
  })

  it('that cannot resolve references, where a config holds one', () => {
    const server = { ...allCapabilities, value_references: false }
    expect(() => requireFencedServer(server, 'partner', true)).toThrow(
      expect.objectContaining({ nonRetryable: true, type: 'server_without_value_references' }),
    )
    expect(() => requireFencedServer(server, 'partner', false)).not.toThrow()
  })

  it('and not when it offers what a step needs', () => {
    expect(() => requireFencedServer(allCapabilities, 'default', true)).not.toThrow()
  })
})
