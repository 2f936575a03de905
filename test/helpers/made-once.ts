import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'

/**
 * What many tests need and takes seconds to make: a file or folder, made once and kept in the system's folder for temporary files.
 * @param name Says what it is made of: of something else, something else is kept.
 */
export async function madeOnce(name: string, make: (at: string) => Promise<unknown>): Promise<string> {
  const kept = path.join(tmpdir(), name)
  if (existsSync(kept)) return kept
  // Another test may be at it: whole or not at all.
  const own = `${kept}.${randomUUID()}`
  try {
    await make(own)
    await rename(own, kept).catch((error: unknown) => {
      if (!existsSync(kept)) throw error
    })
  } finally {
    await rm(own, { recursive: true, force: true })
  }
  return kept
}
