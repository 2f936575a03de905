import { expect, test } from 'vitest'
import { startTestStack } from './stack.ts'
import { until } from './until.ts'

const processes = () => process.getActiveResourcesInfo().filter((name) => name === 'ProcessWrap').length

test.each([
  ['fails', { parts: ['temporal', 'server'], env: { JOBWRIGHT_PORT: 'none' } }, /server.*ended with 2/s],
  ['takes too long', { parts: ['temporal'], startTimeoutMs: 1 }, /timeout/],
] as const)('a stack whose start %s leaves no process behind', async (_, options, message) => {
  const before = processes()
  const parts = [...options.parts]
  await expect(startTestStack({ ...options, parts })).rejects.toThrow(message)
  // One that has ended is counted until its handle is closed.
  await until('all processes to be gone', () => processes() === before, 10_000)
})
