import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import type { JobTypeSchemaEntry } from '../../src/contract/index.ts'
import { repository } from '../public/surface.ts'

/** A job type as a server of somebody else's might list it. */
export function entryOf(jobType: string, rest: Partial<JobTypeSchemaEntry> = {}): JobTypeSchemaEntry {
  return {
    job_type: jobType,
    display_name: jobType,
    description: '',
    user_facing_description: '',
    json_schema: { type: 'object' },
    creatable_on_ui: true,
    creatable_by_agent: true,
    visible_on_ui: true,
    ...rest,
  }
}

/** The errors of files in a folder under the strictest options, as `file.ts(line,…): error …`. */
export async function typeErrors(
  folder: string,
  files: Record<string, string>,
  compilerOptions: Record<string, unknown> = {},
): Promise<string[]> {
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(folder, name), text)
  const options = {
    strict: true,
    noEmit: true,
    module: 'nodenext',
    target: 'es2024',
    types: [],
    exactOptionalPropertyTypes: true,
    ...compilerOptions,
  }
  await writeFile(
    path.join(folder, 'tsconfig.json'),
    JSON.stringify({ compilerOptions: options, files: Object.keys(files) }),
  )
  const compiler = path.join(repository, 'node_modules', 'typescript', 'bin', 'tsc')
  const checked = promisify(execFile)(process.execPath, [compiler, '-p', folder], {
    cwd: folder,
    maxBuffer: 64 * 1024 * 1024,
  })
  const { stdout } = await checked.catch((error: { stdout: string }) => error)
  return stdout.split('\n').filter((line) => /error TS\d+/.test(line))
}
