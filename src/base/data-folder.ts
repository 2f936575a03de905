import { writeFile } from 'node:fs/promises'
import path from 'node:path'

/**
 * Keeps a folder of ours, in which tokens and databases are, out of the git repository that it may be in. One that was
 * there before under a name of the user's choice may hold more than ours: it is left alone.
 */
export async function keepOutOfGit(folder: string, options: { isNew: boolean }): Promise<void> {
  if (!options.isNew && path.basename(folder) !== '.jobwright') return
  // It is no reason to fail, and one that is there is the user's.
  await writeFile(path.join(folder, '.gitignore'), '*\n', { flag: 'wx' }).catch(() => undefined)
}
