import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { expect, test } from 'vitest'
import { entries, repository, withSurface } from './surface.ts'

test('every type that a user of an exported thing meets has a public name', () => {
  expect(withSurface(({ missing }) => missing)).toEqual([])
})

test.each(entries)('%s lists its names', async (entry) => {
  const text = await readFile(path.join(repository, 'src', 'public', `${entry}.ts`), 'utf8')
  // A program can add to an interface of a module only where the module exports all of another one.
  const others = text.replace("export * from '../pipeline/build/job-types.ts'", '')
  expect(others).not.toMatch(/export\s+\*/)
})

test('everything that can be called has a docstring', () => {
  const bare = withSurface(({ names }) =>
    Object.values(names)
      .flat()
      .filter(({ isValue, documentation }) => isValue && documentation === '')
      .map(({ name }) => name),
  )
  expect(bare).toEqual([])
})
