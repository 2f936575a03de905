import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { dependencyOn } from '../../src/cli/init/dependency.ts'
import { packages, projectFiles } from '../../src/cli/init/project.ts'
import { type AnyPipeline, compilePipeline } from '../../src/public/index.ts'
import { repository } from '../public/surface.ts'
import { jobwright, withTempDir } from './helpers.ts'

const run = promisify(execFile)
const modules = path.join(repository, 'node_modules')

let parent: string
let project: string
/** What `npm install` would bring. */
beforeAll(async () => {
  parent = await mkdtemp(path.join(tmpdir(), 'jobwright-init-'))
  project = path.join(parent, 'My Pipelines')
  const made = await jobwright(['init', 'My Pipelines'], { cwd: parent })
  expect(made, made.stderr).toMatchObject({ code: 0 })
  expect(made.stderr).toContain("next: cd 'My Pipelines' && npm install && npm run dev")
  for (const name of ['zod', 'vitest', '@types/node']) {
    await mkdir(path.dirname(path.join(project, 'node_modules', name)), { recursive: true })
    await symlink(path.join(modules, name), path.join(project, 'node_modules', name))
  }
  await symlink(repository, path.join(project, 'node_modules', 'jobwright'))
})
afterAll(() => rm(parent, { recursive: true, force: true }))

test('makes a project whose types hold and whose test passes', async () => {
  await run(process.execPath, [path.join(modules, 'typescript', 'bin', 'tsc'), '-p', '.'], { cwd: project })
  const vitest = path.join(modules, 'vitest', 'vitest.mjs')
  const { stdout } = await run(process.execPath, [vitest, 'run', '--root', '.'], {
    cwd: project,
    env: { ...process.env, NO_COLOR: '1' },
  })
  expect(stdout).toMatch(/Tests +2 passed/)
})

test('has the same pipeline in code and in YAML, which the command line takes', async () => {
  const { default: pipeline } = (await import(pathToFileURL(path.join(project, 'pipeline.ts')).href)) as {
    default: AnyPipeline
  }
  const yaml = await readFile(path.join(project, 'pipeline.yaml'), 'utf8')
  const compiled = compilePipeline(yaml, { file: 'pipeline.yaml' })
  expect(compiled.findings).toEqual([])
  expect(pipeline.compile()).toEqual(compiled)
  const validated = await jobwright(['validate', 'pipeline.ts', 'pipeline.yaml', '--offline'], {
    cwd: project,
  })
  expect(validated).toMatchObject({ code: 0, stdout: 'pipeline.ts: valid\npipeline.yaml: valid\n' })
})

test('names what it needs as this repository does', async () => {
  const manifest = JSON.parse(await readFile(path.join(project, 'package.json'), 'utf8'))
  const own = JSON.parse(await readFile(path.join(repository, 'package.json'), 'utf8'))
  expect(manifest.name).toBe('my-pipelines')
  const known = { ...own.dependencies, ...own.devDependencies }
  for (const [name, range] of Object.entries({ ...packages.dependencies, ...packages.devDependencies }))
    expect(range, name).toBe(`^${known[name]}`)
  expect(path.resolve(project, manifest.dependencies.jobwright.slice('file:'.length))).toBe(
    repository.replace(/\/$/, ''),
  )
})

test('finds jobwright where it was installed from', async () => {
  await withTempDir(async (folder) => {
    const home = path.join(folder, 'app', 'node_modules', 'jobwright')
    await mkdir(home, { recursive: true })
    await writeFile(path.join(home, 'package.json'), '{ "version": "1.2.3" }')
    const target = path.join(folder, 'new', 'project')
    expect(await dependencyOn(home, target)).toBe('^1.2.3')
    const names = (spec: string) =>
      writeFile(
        path.join(folder, 'app', 'package.json'),
        JSON.stringify({ dependencies: { jobwright: spec } }),
      )
    await names('file:../jobwright-1.2.3.tgz')
    expect(await dependencyOn(home, target)).toBe('file:../../jobwright-1.2.3.tgz')
    await names('~1.2.0')
    expect(await dependencyOn(home, target)).toBe('~1.2.0')
  })
})

test('overwrites nothing, and names what is in the way', async () => {
  await withTempDir(async (cwd) => {
    await writeFile(path.join(cwd, 'README.md'), 'mine')
    await writeFile(path.join(cwd, 'pipeline.ts'), 'mine')
    const refused = await jobwright(['init'], { cwd })
    expect(refused).toMatchObject({ code: 2, stdout: '' })
    expect(refused.stderr).toContain(
      'files_in_the_way . has README.md, pipeline.ts already; nothing was written',
    )
    expect((await readdir(cwd)).toSorted()).toEqual(['README.md', 'pipeline.ts'])
    await writeFile(path.join(cwd, 'taken'), '')
    const file = await jobwright(['init', 'taken'], { cwd })
    expect(file).toMatchObject({ code: 2, stdout: '' })
    const made = await jobwright(['init', 'app', '--output', 'json'], { cwd })
    const names = Object.keys(await projectFiles(repository, { name: 'app', jobwright: '1' }))
    expect(JSON.parse(made.stdout)).toEqual({ folder: path.join(cwd, 'app'), files: names })
  })
})
