import { expect, test } from 'vitest'
import { profileOf } from '../../../src/activities/profile-connection.ts'
import { checkCapabilities } from '../../../src/cli/doctor/api.ts'
import { allCapabilities } from '../../helpers/capabilities.ts'

/** Whether a step would run there. */
function isTaken(capabilities: typeof allCapabilities | undefined): boolean {
  try {
    profileOf({ capabilities, workspace: undefined }, { connection: 'default' })
    return true
  } catch {
    return false
  }
}

const flags = Object.keys(allCapabilities).filter(
  (name) => allCapabilities[name as keyof typeof allCapabilities] === true,
)

test.each(flags)(
  'a server without %s is a problem for the doctor exactly when steps are refused there',
  (name) => {
    const lacking = { ...allCapabilities, [name]: false }
    const { status, detail } = checkCapabilities(lacking)
    expect(detail).toContain(name)
    expect(status).toBe(isTaken(lacking) ? 'warning' : 'problem')
  },
)

test('a server that tells no capabilities is a problem, and one that offers everything is fine', () => {
  expect(isTaken(undefined)).toBe(false)
  expect(checkCapabilities(undefined)).toMatchObject({
    status: 'problem',
    fix: expect.stringContaining('jobwright'),
  })
  expect(checkCapabilities(allCapabilities).status).toBe('ok')
})
