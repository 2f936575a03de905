import { readFileSync } from 'node:fs'
import path from 'node:path'

/** Jobwright's version, of the nearest manifest. */
export function findVersion(): string {
  return findPackage().version
}

/** The folder of this package: one up when built, two in the repository. */
export function findPackage(): { folder: string; version: string } {
  const above = path.dirname(import.meta.dirname)
  for (const folder of [above, path.dirname(above)]) {
    try {
      const manifest = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as {
        version: string
      }
      return { folder, version: manifest.version }
    } catch {
      // Not here.
    }
  }
  return { folder: above, version: 'unknown' }
}
