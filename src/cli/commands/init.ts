import { existsSync } from 'node:fs'
import { mkdir, realpath, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { codeOf, messageOf } from '../../base/causes.ts'
import { type CliContext, note } from '../context.ts'
import { usageError } from '../errors.ts'
import { exitCodes } from '../exit-codes.ts'
import { dependencyOn } from '../init/dependency.ts'
import { projectFiles } from '../init/project.ts'
import { renderJson } from '../output/json.ts'
import { escapeControl, shellWord } from '../output/text.ts'

export interface InitArgs {
  /** @default the one here */
  folder?: string | undefined
}

/** `jobwright init [FOLDER]`: a small project, ready to run. Nothing is overwritten, and nothing written if anything is in the way. */
export async function initHandler({ folder = '.' }: InitArgs, ctx: CliContext): Promise<number> {
  const target = path.resolve(ctx.cwd, folder)
  const name = packageName(path.basename(target))
  const files = Object.entries(
    await projectFiles(ctx.home, { name, jobwright: await dependencyOn(ctx.home, await real(target)) }),
  )
  const inTheWay = files.map(([file]) => file).filter((file) => existsSync(path.join(target, file)))
  if (inTheWay.length > 0)
    throw usageError(
      'files_in_the_way',
      `${escapeControl(folder)} has ${inTheWay.join(', ')} already; nothing was written`,
      'name a folder that does not exist yet, or is empty',
    )
  try {
    for (const [file, text] of files) {
      await mkdir(path.dirname(path.join(target, file)), { recursive: true })
      await writeFile(path.join(target, file), text, { flag: 'wx' })
    }
  } catch (error) {
    throw usageError(
      'unwritable_folder',
      `cannot write into ${escapeControl(folder)} (${codeOf(error) ?? messageOf(error)})`,
      'name a folder that may be written to',
    )
  }
  if (ctx.output === 'json') {
    ctx.stdout.write(renderJson({ folder: target, files: files.map(([file]) => file) }))
    return exitCodes.completed
  }
  for (const [file] of files) ctx.stdout.write(`${escapeControl(path.join(folder, file))}\n`)
  const enter = folder === '.' ? '' : `cd ${shellWord(folder)} && `
  note(ctx, `next: ${enter}npm install && npm run dev; then, in another terminal, npm run pipeline`)
  return exitCodes.completed
}

/** npm finds a relative path from where a folder really is. */
async function real(folder: string): Promise<string> {
  if (existsSync(folder)) return realpath(folder)
  const parent = path.dirname(folder)
  return parent === folder ? folder : path.join(await real(parent), path.basename(folder))
}

function packageName(folder: string): string {
  const name = folder
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[._-]+|[._-]+$/g, '')
  // Under its own name a project could not depend on jobwright.
  return name === '' || name === 'jobwright' ? 'pipelines' : name.slice(0, 100)
}
