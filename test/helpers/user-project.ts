import { mkdir, mkdtemp, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const repository = fileURLToPath(new URL('../../', import.meta.url))

/** A folder as a user's project is, with this package and zod installed as links. Whoever makes it removes it. */
export async function makeUserProject(name: string): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), `jobwright-${name}-`))
  await mkdir(path.join(folder, 'node_modules'))
  await symlink(repository, path.join(folder, 'node_modules', 'jobwright'))
  // Beside it stands what its users' own code is written with.
  for (const name of ['zod', '@temporalio'])
    await symlink(path.join(repository, 'node_modules', name), path.join(folder, 'node_modules', name))
  await writeFile(path.join(folder, 'package.json'), '{"type":"module"}')
  return folder
}
