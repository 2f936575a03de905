import { accessSync, constants, mkdtempSync, rmSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

/** Where Linux keeps files in memory: databases cost a processor a fraction there. */
const inMemory = '/dev/shm'
/** Databases of tests that run side by side need less. A container often has 64 MB there. */
const roomBytes = 2 * 1024 ** 3

/** A new folder for databases of tests, of this process or of others. Programs cannot always be started in it. */
export function makeDataFolder(name: string): string {
  return mkdtempSync(path.join(hasRoom() ? inMemory : tmpdir(), `jobwright-${name}-`))
}

export function removeDataFolder(folder: string): void {
  // Not one call for each of a thousand files.
  rmSync(folder, { recursive: true, force: true })
}

export async function withDataFolder<T>(name: string, work: (folder: string) => Promise<T>): Promise<T> {
  const folder = makeDataFolder(name)
  try {
    return await work(folder)
  } finally {
    removeDataFolder(folder)
  }
}

function hasRoom(): boolean {
  try {
    accessSync(inMemory, constants.W_OK)
    const { bavail, bsize } = statfsSync(inMemory)
    return bavail * bsize >= roomBytes
  } catch {
    return false
  }
}
