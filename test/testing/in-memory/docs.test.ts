import { execFile } from 'node:child_process'
import { readFile, rm, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeUserProject } from '../../helpers/user-project.ts'

/** The example of docs/testing.md is a test that runs, and that a strict compiler takes. */

const repository = path.resolve(import.meta.dirname, '../../..')
const modules = path.join(repository, 'node_modules')

let folder: string
beforeAll(async () => {
  folder = await makeUserProject('tests-in-memory')
  await symlink(path.join(modules, 'vitest'), path.join(folder, 'node_modules', 'vitest'))
  const page = await readFile(path.join(repository, 'docs', 'testing.md'), 'utf8')
  const block = (language: string, index = 0) =>
    [...page.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'gms'))][index]?.[1] ?? ''
  await writeFile(path.join(folder, 'night.yaml'), block('yaml'))
  await writeFile(path.join(folder, 'night.test.ts'), block('ts'))
  await writeFile(path.join(folder, 'record.ts'), block('ts', 1))
  const tsconfig = {
    extends: path.join(repository, 'tsconfig.json'),
    compilerOptions: { typeRoots: [path.join(modules, '@types')], noPropertyAccessFromIndexSignature: false },
    include: ['*.ts', path.join(repository, 'src', 'ms.d.ts')],
  }
  await writeFile(path.join(folder, 'tsconfig.json'), JSON.stringify(tsconfig))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function runs(program: string, ...args: string[]): Promise<string> {
  const work = promisify(execFile)(process.execPath, [path.join(modules, program), ...args], {
    cwd: folder,
    env: { ...process.env, NO_COLOR: '1' },
  })
  const { stdout } = await work.catch((error: { stdout: string }) => error)
  return stdout
}

test('it passes', async () => {
  expect(await runs('vitest/vitest.mjs', 'run')).toMatch(/Tests {2}5 passed/)
})

test('it holds for a strict compiler', async () => {
  expect(await runs('typescript/bin/tsc', '--noEmit', '-p', folder)).toBe('')
})
