import type { Dirent } from 'node:fs'
import { access, constants, readdir, realpath, stat } from 'node:fs/promises'
import path from 'node:path'
import { documentExtensions, documentMediaType, limits } from '../../../contract/index.ts'
import { usageError } from '../../errors.ts'
import { formatBytes } from '../../output/text.ts'

export interface FoundDocument {
  /** Relative to the directory, with `/`. */
  path: string
  absolute: string
  mediaType: string
}

export interface Found {
  documents: FoundDocument[]
  skipped: { path: string; reason: string }[]
}

const cannotBeRead = (error: unknown) => `cannot be read (${(error as NodeJS.ErrnoException).code ?? error})`

/**
 * The documents of a directory and its subdirectories, by path. What is no document is listed as skipped.
 * @throws JobwrightError `bad_documents` that lists every link out of the directory, and every file that is too large or
 * cannot be read
 */
export async function walkDocuments(directory: string, shown: string): Promise<Found> {
  const root = await realDirectory(directory, shown)
  const found: Found = { documents: [], skipped: [] }
  const problems: string[] = []
  await visit(root, '')
  if (problems.length > 0)
    throw usageError(
      'bad_documents',
      `nothing was sent:\n${problems.map((problem) => `  ${problem}`).join('\n')}`,
      'remove or rename these, or put copies in their place',
    )
  const byPath = (a: { path: string }, b: { path: string }) => (a.path < b.path ? -1 : 1)
  return { documents: found.documents.sort(byPath), skipped: found.skipped.sort(byPath) }

  async function visit(folder: string, prefix: string): Promise<void> {
    for (const entry of await list(folder, prefix)) {
      const relative = prefix + entry.name
      const absolute = path.join(folder, entry.name)
      if (entry.name.startsWith('.')) found.skipped.push({ path: relative, reason: 'hidden' })
      else if (entry.isSymbolicLink()) await visitLink(absolute, relative)
      else if (entry.isDirectory()) await visit(absolute, `${relative}/`)
      else if (entry.isFile()) await take(absolute, relative)
      else found.skipped.push({ path: relative, reason: 'no regular file' })
    }
  }

  async function list(folder: string, prefix: string): Promise<Dirent[]> {
    try {
      return await readdir(folder, { withFileTypes: true })
    } catch (error) {
      problems.push(`${prefix || shown} ${cannotBeRead(error)}`)
      return []
    }
  }

  async function visitLink(absolute: string, relative: string): Promise<void> {
    const target = await realpath(absolute).catch(() => undefined)
    if (target === undefined) problems.push(`${relative} is a symbolic link to nothing`)
    else if (target !== root && !target.startsWith(root + path.sep))
      problems.push(`${relative} is a symbolic link out of ${shown}`)
    // What a directory link shows is inside the directory anyway, and is found there; following it could go in circles.
    else if ((await stat(target)).isFile()) await take(target, relative)
    else found.skipped.push({ path: relative, reason: 'symbolic link to a directory' })
  }

  async function take(absolute: string, relative: string): Promise<void> {
    const mediaType = documentMediaType(relative)
    if (mediaType === undefined) {
      found.skipped.push({ path: relative, reason: `not one of ${documentExtensions}` })
      return
    }
    const size = await access(absolute, constants.R_OK).then(
      async () => (await stat(absolute)).size,
      (error: unknown) => void problems.push(`${relative} ${cannotBeRead(error)}`),
    )
    if (size === undefined) return
    if (size > limits.documentBytes)
      problems.push(
        `${relative} has ${formatBytes(size)}; at most ${formatBytes(limits.documentBytes)} are stored`,
      )
    else found.documents.push({ path: relative, absolute, mediaType })
  }
}

async function realDirectory(directory: string, shown: string): Promise<string> {
  const root = await realpath(directory).catch(() => undefined)
  if (root !== undefined && (await stat(root)).isDirectory()) return root
  throw usageError(
    root === undefined ? 'no_such_directory' : 'not_a_directory',
    root === undefined ? `${shown} does not exist (looked for ${directory})` : `${shown} is no directory`,
    'name a directory of documents',
  )
}
