import { describe, expect, it } from 'vitest'
import { profileOf } from '../../src/activities/profile-connection.ts'
import { allCapabilities } from '../helpers/capabilities.ts'

const partner = { connection: 'partner' }
const needed = ['idempotency_keys', 'cancel_by_key', 'change_feed', 'client_ref'] as const

describe('a server is refused before anything is triggered', () => {
  it.each(needed)('without %s, which is named', (name) => {
    const capabilities = { ...allCapabilities, [name]: false }
    const act = () => profileOf({ capabilities, workspace: undefined }, partner)
    expect(act).toThrow(
      expect.objectContaining({ nonRetryable: true, type: 'server_without_idempotency_keys' }),
    )
    expect(act).toThrow(new RegExp(`partner does not offer ${name}, without`))
  })

  it('when it has no capabilities at all', () => {
    expect(() => profileOf({ capabilities: undefined, workspace: undefined }, partner)).toThrow(
      new RegExp(needed.join(', ')),
    )
  })

  it('when its token acts for another workspace than the pipeline run belongs to', () => {
    const act = () =>
      profileOf({ capabilities: allCapabilities, workspace: 'one' }, { ...partner, workspace: 'two' })
    expect(act).toThrow(expect.objectContaining({ nonRetryable: true, type: 'wrong_workspace' }))
    expect(act).toThrow(/belongs to workspace two.*to one/)
  })
})

describe('a server that offers what pipelines need', () => {
  it.each([
    ['one', 'one'],
    [undefined, 'one'],
    ['one', undefined],
  ])('is taken with a token of %s for a pipeline run of %s', (workspace, wanted) => {
    const input = { ...partner, ...(wanted === undefined ? {} : { workspace: wanted }) }
    expect(profileOf({ capabilities: allCapabilities, workspace }, input)).toEqual({
      mode: 'fenced',
      valueReferences: true,
      jobNames: true,
    })
  })

  it('says whether it resolves references', () => {
    const capabilities = { ...allCapabilities, value_references: false }
    expect(profileOf({ capabilities, workspace: undefined }, partner).valueReferences).toBe(false)
  })
})
