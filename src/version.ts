import { readFileSync } from 'node:fs'
import path from 'node:path'

/** Jobwright's version, of the nearest manifest: beside this file when built, one folder up in the repository. */
export function findVersion(): string {
  for (const folder of [import.meta.dirname, path.dirname(import.meta.dirname)]) {
    try {
      return (JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as { version: string })
        .version
    } catch {
      // Not here.
    }
  }
  return 'unknown'
}
