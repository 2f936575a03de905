import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'

const run = promisify(execFile)
const repository = path.resolve(import.meta.dirname, '..')
// Inside the repository, because the bundler looks for packages from there; not in dist/, which is the user's.
const built = path.join(repository, 'node_modules', `.jobwright-build-${process.pid}`)

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'jobwright-build-'))
})
afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
  await rm(built, { recursive: true, force: true })
})

interface Manifest {
  version: string
  bin: Record<string, string>
  exports: Record<string, string | { types: string; default: string }>
  dependencies: Record<string, string>
}

const readManifest = async (file: string): Promise<Manifest> =>
  JSON.parse(await readFile(file, 'utf8')) as Manifest

test('the built package can be installed into an empty folder and works there', {
  timeout: 600_000,
}, async () => {
  await run(process.execPath, ['scripts/build.ts', '--out', built], { cwd: repository })
  await run('npm', ['pack', '--pack-destination', folder], { cwd: built })
  const [archive = ''] = (await readdir(folder)).filter((name) => name.endsWith('.tgz'))
  await writeFile(path.join(folder, 'package.json'), '{ "private": true, "type": "module" }')
  const install = [
    'install',
    '--prefer-offline',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
    `./${archive}`,
  ]
  await run('npm', install, { cwd: folder })

  const installed = path.join(folder, 'node_modules', 'jobwright')
  const manifest = await readManifest(path.join(installed, 'package.json'))
  const own = await readManifest(path.join(repository, 'package.json'))
  expect(manifest.version).toBe(own.version)
  expect(manifest).not.toHaveProperty('scripts')
  expect(manifest).not.toHaveProperty('optionalDependencies')
  for (const version of Object.values(manifest.dependencies)) expect(version).toMatch(/^\d+\.\d+\.\d+/)
  expect(await readdir(installed)).toEqual(
    expect.arrayContaining(['README.md', 'LICENSE', 'docs', 'workflow-bundle.js']),
  )

  // Everything it exports can be loaded, and its types hold for someone who checks strictly.
  const names = Object.entries(manifest.exports).filter(([, target]) => typeof target !== 'string')
  const specifiers = names.map(([name]) => path.posix.join('jobwright', name))
  const loads = specifiers.map((name) => `await import('${name}')`).join('\n')
  await run(process.execPath, ['--input-type=module', '-e', loads], { cwd: folder })
  const uses = specifiers
    .map((name, index) => `import * as m${index} from '${name}'\nvoid m${index}`)
    .join('\n')
  const typed = `import { JobsClient } from 'jobwright/client'\nconst client = new JobsClient({ baseUrl: 'http://a/api/v1', token: 't' })\nexport const id: Promise<string> = client.getJob('x').then((job) => job.uuid)\n`
  await writeFile(path.join(folder, 'consumer.ts'), `${uses}\n${typed}`)
  const compiler = path.join(repository, 'node_modules', 'typescript', 'bin', 'tsc')
  const strict = [
    '--noEmit',
    '--strict',
    '--skipLibCheck',
    '--module',
    'nodenext',
    '--target',
    'es2024',
    '--types',
    '',
  ]
  await run(process.execPath, [compiler, ...strict, 'consumer.ts'], { cwd: folder })

  const program = path.join(folder, 'node_modules', 'jobwright', manifest.bin.jobwright ?? '')
  const jobwright = (...args: string[]) => run(process.execPath, [program, ...args], { cwd: folder })
  expect((await jobwright('--version')).stdout.trim()).toBe(manifest.version)

  // The whole stack out of the package.
  const environment = { ...process.env, JOBWRIGHT_PORT: '0', JOBWRIGHT_DATA_DIR: path.join(folder, 'data') }
  const stack = spawn(process.execPath, [program, 'dev', '--output', 'json'], {
    cwd: folder,
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
      cwd: folder,
      env: environment,
    })
    expect(stdout).toContain('metagraph_update')
  } finally {
    const exited = once(stack, 'exit')
    stack.kill('SIGINT')
    await exited
  }
})
