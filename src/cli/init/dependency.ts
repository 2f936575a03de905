import { readFile } from 'node:fs/promises'
import path from 'node:path'

interface Manifest {
  version?: string
  dependencies?: Record<string, string>
  /** Only of a clone: what is published has none. */
  scripts?: object
}

/**
 * How a project in a folder names this very package to npm: a clone by its path; an installed one as the project names it that it was
 * installed for, be it npx's; else by its version. A registry may have something else under the name.
 * @param home the folder of this package
 */
export async function dependencyOn(home: string, folder: string): Promise<string> {
  const own = await readManifest(home)
  if (own.scripts !== undefined) return fileSpec(home, folder)
  const modules = path.dirname(home)
  const user = path.dirname(modules)
  const named = path.basename(modules) === 'node_modules' ? await readManifest(user) : {}
  const spec = named.dependencies?.['jobwright']
  if (spec === undefined) return `^${own.version ?? '0.0.0'}`
  return spec.startsWith('file:') ? fileSpec(path.resolve(user, spec.slice('file:'.length)), folder) : spec
}

async function readManifest(folder: string): Promise<Manifest> {
  try {
    return JSON.parse(await readFile(path.join(folder, 'package.json'), 'utf8')) as Manifest
  } catch {
    return {}
  }
}

function fileSpec(target: string, folder: string): string {
  return `file:${path.relative(folder, target).replaceAll(path.sep, '/')}`
}
