import { randomBytes } from 'node:crypto'
import { readFile, rename, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { installationPattern } from '../contract/names.ts'

/**
 * The name of a stack among the installations that share a Temporal server with it, kept in its data directory: nobody thinks of
 * giving one to what they only try out. The caller holds the lock of the folder.
 */
export async function ensureInstallationName(dataDir: string): Promise<string> {
  const file = path.join(dataDir, 'installation')
  const known = (await readFile(file, 'utf8').catch(() => '')).trim()
  if (installationPattern.test(known)) return known
  const name = `dev-${randomBytes(4).toString('hex')}`
  await writeFile(`${file}.tmp`, `${name}\n`)
  await rename(`${file}.tmp`, file)
  return name
}
