import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { withSurface } from './public/surface.ts'

const run = promisify(execFile)
const repository = path.resolve(import.meta.dirname, '..')
const packages = path.join(repository, 'node_modules')

let folder: string
let archive: string
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'jobwright-build-'))
  // The bundler looks for packages from there upwards; dist/ is the user's.
  const built = path.join(folder, 'build', 'package')
  await mkdir(path.dirname(built))
  await symlink(packages, path.join(path.dirname(built), 'node_modules'))
  await run(process.execPath, ['scripts/build.ts', '--out', built], { cwd: repository })
  await run('npm', ['pack', '--pack-destination', folder], { cwd: built })
  const [name = ''] = (await readdir(folder)).filter((file) => file.endsWith('.tgz'))
  archive = path.join(folder, name)
}, 120_000)
afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
})

interface Manifest {
  version: string
  bin: Record<string, string>
  exports: Record<string, string | { types: string; default?: string }>
  dependencies: Record<string, string>
}

const readManifest = async (file: string): Promise<Manifest> =>
  JSON.parse(await readFile(file, 'utf8')) as Manifest

async function newProject(name: string): Promise<string> {
  const project = path.join(folder, name)
  await mkdir(project)
  await writeFile(path.join(project, 'package.json'), '{ "private": true, "type": "module" }')
  return project
}

test('the built package can be installed into an empty folder and works there', {
  timeout: 600_000,
}, async () => {
  const project = await newProject('user')
  const install = ['install', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error', archive]
  await run('npm', install, { cwd: project })

  const installed = path.join(project, 'node_modules', 'jobwright')
  const manifest = await readManifest(path.join(installed, 'package.json'))
  const own = await readManifest(path.join(repository, 'package.json'))
  expect(manifest.version).toBe(own.version)
  expect(manifest).not.toHaveProperty('scripts')
  expect(manifest).not.toHaveProperty('optionalDependencies')
  for (const version of Object.values(manifest.dependencies)) expect(version).toMatch(/^\d+\.\d+\.\d+/)
  expect(await readdir(installed)).toEqual(
    expect.arrayContaining(['README.md', 'LICENSE', 'docs', 'workflow-bundle.js']),
  )

  // Everything it exports can be loaded.
  const loaded = Object.entries(manifest.exports).filter(
    ([, target]) => typeof target !== 'string' && target.default !== undefined,
  )
  const loads = loaded.map(([name]) => `await import('${path.posix.join('jobwright', name)}')`)
  expect(loads.length).toBeGreaterThan(2)
  await run(process.execPath, ['--input-type=module', '-e', loads.join('\n')], { cwd: project })

  const program = path.join(installed, manifest.bin.jobwright ?? '')
  const jobwright = (...args: string[]) => run(process.execPath, [program, ...args], { cwd: project })
  expect((await jobwright('--version')).stdout.trim()).toBe(manifest.version)

  // The whole stack out of the package.
  const environment = { ...process.env, JOBWRIGHT_PORT: '0', JOBWRIGHT_DATA_DIR: path.join(project, 'data') }
  const stack = spawn(process.execPath, [program, 'dev', '--output', 'json'], {
    cwd: project,
    env: environment,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    const ready = once(stack.stdout, 'data').then(([data]) => String(data))
    const ended = once(stack, 'exit').then(([code]) =>
      Promise.reject(new Error(`jobwright dev exited with ${code}`)),
    )
    ended.catch(() => undefined)
    expect(JSON.parse(await Promise.race([ready, ended]))).toMatchObject({
      api_url: expect.stringMatching(/\/api\/v1$/),
    })
    const { stdout } = await run(process.execPath, [program, 'jobs', 'schemas', '--output', 'json'], {
      cwd: project,
      env: environment,
    })
    expect(stdout).toContain('metagraph_update')
    await ownWorkflow(project, environment)
  } finally {
    const exited = once(stack, 'exit')
    stack.kill('SIGINT')
    await exited
  }
})

/** The example with a worker of one's own, as three files in a project that has the package from its archive. */
async function ownWorkflow(project: string, env: NodeJS.ProcessEnv): Promise<void> {
  const example = path.join(repository, 'examples', 'own-workflow')
  for (const name of ['workflows.ts', 'worker.ts', 'start.ts'])
    await copyFile(path.join(example, name), path.join(project, name))
  const worker = spawn(process.execPath, ['worker.ts'], { cwd: project, env, stdio: 'ignore' })
  const ended = once(worker, 'exit')
  try {
    const { stdout } = await run(process.execPath, ['start.ts'], { cwd: project, env })
    expect(JSON.parse(stdout.trim().split('\n').at(-1) ?? '')).toEqual({
      pump: { ms: 3_000 },
      valve: { ms: 3_000 },
      rack: { ms: 3_000 },
    })
  } finally {
    worker.kill('SIGINT')
    await ended
  }
  expect(worker.exitCode).toBe(0)
}

/** Declarations of other packages that do not hold under the strictest options, whoever uses them. */
const notOurs = [
  // Rests on types of ms that are not found.
  'node_modules/@temporalio/common/lib/time.d.ts',
  // With exactOptionalPropertyTypes.
  'node_modules/@temporalio/client/lib/schedule-client.d.ts',
]

describe('the types of the package, for a project that checks the declarations of others too', () => {
  let project: string
  beforeAll(async () => {
    project = await newProject('strict')
    const modules = path.join(project, 'node_modules')
    await mkdir(path.join(modules, 'jobwright'), { recursive: true })
    await run('tar', ['-xzf', archive, '-C', path.join(modules, 'jobwright'), '--strip-components', '1'])
    const { dependencies } = await readManifest(path.join(modules, 'jobwright', 'package.json'))
    for (const name of [...Object.keys(dependencies), '@types/node']) {
      await mkdir(path.dirname(path.join(modules, name)), { recursive: true })
      await symlink(path.join(packages, name), path.join(modules, name))
    }
    for (const [entry, text] of Object.entries(everyName()))
      await writeFile(path.join(project, `${entry}.ts`), text)
  })

  test.each([
    { module: 'nodenext', moduleResolution: 'nodenext' },
    { module: 'esnext', moduleResolution: 'bundler' },
  ])('hold with $moduleResolution', async (resolution) => {
    const strict = { exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true }
    expect((await check({ ...resolution, ...strict, types: ['node'] })).filter(isOurs)).toEqual([])
  })

  test('hold with those of a browser instead of Node.js', async () => {
    const errors = await check({ module: 'nodenext', lib: ['es2024', 'dom'], types: [] })
    expect(errors.filter(isOurs)).toEqual([])
  })

  test('come with what Temporal’s lack', async () => {
    expect(await check({ module: 'nodenext', types: ['node'] })).not.toEqual([])
    expect(await check({ module: 'nodenext', types: ['node', 'jobwright/ms'] })).toEqual([])
  })

  test('are those of CommonJS as well, where `require` gives the same module', async () => {
    const entries = Object.entries((await readManifest(path.join(installed(), 'package.json'))).exports)
      .filter(([, target]) => typeof target !== 'string' && target.default !== undefined)
      .map(([name]) => path.posix.join('jobwright', name))
    expect(entries.length).toBeGreaterThan(2)
    const same = entries.map((name) => `same.push(require('${name}') === (await import('${name}')))`)
    const script = `const same = []; (async () => { ${same.join('; ')}; console.log(same.every(Boolean)) })()`
    const { stdout } = await run(process.execPath, ['--input-type=commonjs', '-e', script], { cwd: project })
    expect(stdout.trim()).toBe('true')
    const text = "import jobwright = require('jobwright')\nexport const compile = jobwright.compilePipeline\n"
    await writeFile(path.join(project, 'common.cts'), text)
    const errors = await check({ module: 'nodenext', types: ['node'] }, ['common.cts'])
    expect(errors.filter(isOurs)).toEqual([])
  })

  test('lead an editor into the sources', async () => {
    const maps = (await readdir(installed(), { recursive: true })).filter((file) =>
      /\.(d\.ts|js)\.map$/.test(file),
    )
    expect(maps.length).toBeGreaterThan(100)
    const lost: string[] = []
    for (const file of maps) {
      const map = JSON.parse(await readFile(path.join(installed(), file), 'utf8')) as { sources: string[] }
      for (const source of map.sources) {
        const place = path.relative(installed(), path.resolve(installed(), path.dirname(file), source))
        if (!place.startsWith(`src${path.sep}`) || !existsSync(path.join(installed(), place)))
          lost.push(`${file} → ${source}`)
      }
    }
    expect(lost).toEqual([])
    const declaration = await readFile(path.join(installed(), 'client', 'client.d.ts'), 'utf8')
    expect(declaration).toMatch(/sourceMappingURL=client\.d\.ts\.map\s*$/)
  })

  const installed = () => path.join(project, 'node_modules', 'jobwright')
  const isOurs = (error: string) => !notOurs.some((file) => error.includes(`${file}(`))

  /** By entry: hands on every public name, as a library over this one may. */
  function everyName(): Record<string, string> {
    return withSurface(({ names }) =>
      Object.fromEntries(
        Object.entries(names).map(([entry, all]) => {
          const list = all.map(({ name, isValue }) => (isValue ? name : `type ${name}`)).join(', ')
          const specifier = entry === 'index' ? 'jobwright' : `jobwright/${entry}`
          return [entry, `export { ${list} } from '${specifier}'\n`]
        }),
      ),
    )
  }

  async function check(
    compilerOptions: Record<string, unknown>,
    include: readonly string[] = ['*.ts'],
  ): Promise<string[]> {
    const all = { strict: true, skipLibCheck: false, noEmit: true, target: 'es2024', ...compilerOptions }
    await writeFile(path.join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions: all, include }))
    const compiler = path.join(packages, 'typescript', 'bin', 'tsc')
    const checked = run(process.execPath, [compiler, '-p', '.'], { cwd: project })
    const { stdout } = await checked.catch((error: { stdout: string }) => error)
    return stdout.split('\n').filter((line) => /error TS\d+/.test(line))
  }
})
