import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { builtInJobTypes } from '../../src/built-in/index.ts'
import { createRegistry } from '../../src/job-types/index.ts'
import { compilePipeline, resolveInputs } from '../../src/pipeline/index.ts'

/** What a newcomer copies out of the README works. */
const repository = path.resolve(import.meta.dirname, '..', '..')
const readme = await readFile(path.join(repository, 'README.md'), 'utf8')

/** The only block of a language that holds a text. */
function block(language: string, holds: string): string {
  const blocks = [...readme.matchAll(/^```(\w+)\n(.*?)^```$/gms)]
  const found = blocks.filter(([, name, text]) => name === language && text?.includes(holds))
  expect(found, `blocks of ${language} with ${holds}`).toHaveLength(1)
  return found[0]?.[2] ?? ''
}

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'jobwright-readme-'))
  await mkdir(path.join(folder, 'node_modules'))
  await symlink(repository, path.join(folder, 'node_modules', 'jobwright'))
  await symlink(path.join(repository, 'node_modules', 'zod'), path.join(folder, 'node_modules', 'zod'))
  await writeFile(path.join(folder, 'package.json'), '{"type":"module"}')
  await writeFile(path.join(folder, 'jobwright.config.ts'), block('ts', 'defineConfig'))
})
afterAll(() => rm(folder, { recursive: true }))

test('the pipeline is valid, and takes the inputs of the command below it', () => {
  const jobTypes = createRegistry(builtInJobTypes).schemas()
  const { plan, findings } = compilePipeline(block('yaml', 'name: night'), { file: 'night.yaml', jobTypes })
  expect(findings).toEqual([])
  const [, units] = /-i units='(.*?)'/.exec(block('sh', 'run night.yaml')) ?? []
  expect(plan && resolveInputs(plan, {}).findings).toEqual([])
  expect(plan && resolveInputs(plan, { units: units ?? '' })).toMatchObject({ findings: [] })
})

test('the job type is loaded by Node as it is', async () => {
  const script = `
    import { loadUserConfig } from 'file://${repository}/src/job-types/index.ts'
    const { jobTypes, secrets } = await loadUserConfig(undefined, process.cwd())
    console.log(JSON.stringify([jobTypes.map(({ jobType }) => jobType), Object.keys(secrets)]))`
  const args = ['--input-type=module', '-e', script]
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: folder })
  expect(JSON.parse(stdout)).toEqual([['checksum'], ['TRACKER']])
})

test('the job type has types that hold', { timeout: 120_000 }, async () => {
  const tsconfig = {
    extends: path.join(repository, 'tsconfig.json'),
    compilerOptions: { typeRoots: [path.join(repository, 'node_modules', '@types')] },
    include: ['jobwright.config.ts', path.join(repository, 'src', 'ms.d.ts')],
  }
  await writeFile(path.join(folder, 'tsconfig.json'), JSON.stringify(tsconfig))
  const compiler = path.join(repository, 'node_modules', 'typescript', 'bin', 'tsc')
  const check = promisify(execFile)(process.execPath, [compiler, '--noEmit', '-p', folder])
  expect(await check.catch((error: { stdout: string }) => error)).toMatchObject({ stdout: '' })
})

test('every file that it names is there', () => {
  const links = [...readme.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map(([, link]) => link)
  const tests = [...readme.matchAll(/`((?:test|scripts|docs)\/[^`]*\.\w+)`/g)].map(([, file]) => file)
  expect(tests).not.toEqual([])
  const missing = [...links, ...tests].filter((file) => !existsSync(path.join(repository, file ?? '')))
  expect(missing).toEqual([])
})
