import path from 'node:path'
import { expect, test } from 'vitest'
import { bundleClient } from '../../bench/client-size.ts'
import { repository } from './surface.ts'

test('the client is small in a browser, and needs nothing that a browser lacks', async () => {
  const bundle = await bundleClient(path.join(repository, 'src', 'public', 'client.ts'))
  expect(bundle.imports).toEqual([])
  expect(bundle.code).not.toMatch(/\b(Buffer|process|require|__dirname)\b[.(]/)
  // No package at all, and no schemas.
  expect(bundle.modules.filter(({ file }) => file.includes('node_modules'))).toEqual([])
  expect(bundle.gzipBytes).toBeLessThanOrEqual(15 * 1024)
  expect(bundle.gzipBytes).toBeGreaterThan(5 * 1024)
})

test('elsewhere its requests are sent by ky', async () => {
  const { modules } = await bundleClient(path.join(repository, 'src', 'public', 'client.ts'), 'node')
  expect(modules.some(({ file }) => file.includes('node_modules/ky/'))).toBe(true)
})
