import { describe, expect, it } from 'vitest'
import { profileOf } from '../../src/activities/profile-connection.ts'
import { allCapabilities } from '../helpers/capabilities.ts'

const partner = { connection: 'partner' }
const needed = ['idempotency_keys', 'cancel_by_key', 'change_feed', 'client_ref'] as const

const plain = { deleteJobs: 'never' } as const

describe('the mode of a connection', () => {
  it.each(needed)('is strict without %s', (name) => {
    const capabilities = { ...allCapabilities, [name]: false }
    const profile = profileOf({ capabilities, workspace: undefined }, plain, partner)
    expect(profile).toEqual({ mode: 'strict', valueReferences: true })
  })

  it('is strict where there are no capabilities at all, and bounded where the operator vouches for bounds', () => {
    const none = { capabilities: undefined, workspace: undefined }
    expect(profileOf(none, plain, partner).mode).toBe('strict')
    const bounds = { deliveryMs: 30_000, listingMs: 5_000 }
    expect(profileOf(none, { bounds, deleteJobs: 'after_completion' }, partner)).toEqual({
      mode: 'bounded',
      bounds,
      deleteJobs: 'after_completion',
      valueReferences: true,
    })
  })

  it('is fenced whatever the operator says of a server that takes keys', () => {
    const bounds = { deliveryMs: 1, listingMs: 1 }
    const known = { capabilities: allCapabilities, workspace: undefined }
    expect(profileOf(known, { bounds, deleteJobs: 'never' }, partner).mode).toBe('fenced')
  })
})

describe('a server is refused before anything is triggered', () => {
  it('when its token acts for another workspace than the pipeline run belongs to', () => {
    const act = () =>
      profileOf({ capabilities: allCapabilities, workspace: 'one' }, plain, {
        ...partner,
        workspace: 'two',
      })
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
    expect(profileOf({ capabilities: allCapabilities, workspace }, plain, input)).toEqual({
      mode: 'fenced',
      valueReferences: true,
      jobNames: true,
      oneCallTriggers: true,
    })
  })

  it('says whether it resolves references', () => {
    const capabilities = { ...allCapabilities, value_references: false }
    expect(profileOf({ capabilities, workspace: undefined }, plain, partner).valueReferences).toBe(false)
  })
})
