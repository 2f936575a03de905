import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { expect, test } from 'vitest'

const repository = path.resolve(import.meta.dirname, '../..')

test('what job types take and give holds for those who chain them', { timeout: 120_000 }, () => {
  const compiler = path.join(repository, 'node_modules/typescript/bin/tsc')
  const { stdout, status } = spawnSync(
    process.execPath,
    [compiler, '-p', path.join(import.meta.dirname, 'types')],
    { encoding: 'utf8' },
  )
  expect(stdout).toBe('')
  expect(status).toBe(0)
})
