import { randomBytes } from 'node:crypto'
import { chmod, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'

const tokenBytes = 32
const tokenPattern = /^[A-Za-z0-9_-]{22,}$/

/**
 * The token in a file, which is made with 256 random bits and mode 0600 when there is none. The caller holds the
 * lock of the folder.
 */
export async function ensureTokenFile(file: string): Promise<string> {
  const existing = await readFile(file, 'utf8').catch(() => '')
  const known = existing.trim()
  if (tokenPattern.test(known)) {
    const { mode } = await stat(file)
    if ((mode & 0o077) !== 0) await chmod(file, 0o600)
    return known
  }
  const token = randomBytes(tokenBytes).toString('base64url')
  const temporary = `${file}.tmp`
  await rm(temporary, { force: true })
  await writeFile(temporary, `${token}\n`, { mode: 0o600, flag: 'wx' })
  await rename(temporary, file)
  return token
}
