import { chmod, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ensureTokenFile } from '../../src/dev-stack/tokens.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'jobwright-tokens-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const modeOf = async (file: string): Promise<number> => (await stat(file)).mode & 0o777

describe('the token file', () => {
  test('is made once, with 256 random bits, for its owner alone', async () => {
    const file = path.join(folder, 'token')
    const token = await ensureTokenFile(file)
    expect(Buffer.from(token, 'base64url')).toHaveLength(32)
    expect(await modeOf(file)).toBe(0o600)
    expect(await ensureTokenFile(file)).toBe(token)
    expect(await ensureTokenFile(path.join(folder, 'other'))).not.toBe(token)
    expect((await readdir(folder)).toSorted()).toEqual(['other', 'token'])
  })

  test('is made anew when it is empty or too short to be one', async () => {
    const file = path.join(folder, 'token')
    for (const content of ['', 'short', 'two words that are long enough']) {
      await writeFile(file, content)
      expect(await ensureTokenFile(file)).toMatch(/^[\w-]{43}$/)
    }
  })

  test('is closed to others again when someone opened it', async () => {
    const file = path.join(folder, 'token')
    const token = await ensureTokenFile(file)
    await chmod(file, 0o644)
    expect(await ensureTokenFile(file)).toBe(token)
    expect(await modeOf(file)).toBe(0o600)
  })
})
