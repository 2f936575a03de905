import { readFileSync } from 'node:fs'
import path from 'node:path'

/** Jobwright's version, of the nearest manifest: one folder up when built, two in the repository. */
export function findVersion(): string {
  const above = path.dirname(import.meta.dirname)
  for (const folder of [above, path.dirname(above)]) {
    try {
      return (JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as { version: string })
        .version
    } catch {
      // Not here.
    }
  }
  return 'unknown'
}
