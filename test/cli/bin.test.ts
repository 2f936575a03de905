import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { until } from '../helpers/until.ts'
import { binary, cleanEnvironment, type Outcome, withTempDir } from './helpers.ts'
import { isRunning } from './processes.ts'

/** A package with our bin and a script in place of the program, run by a Node.js that says it is of some version. */
async function packageOf<T>(
  version: string,
  files: Record<string, string>,
  options: { ownNode?: boolean },
  work: (args: string[]) => Promise<T>,
): Promise<T> {
  return withTempDir(async (root) => {
    await mkdir(path.join(root, 'bin'))
    await copyFile(binary, path.join(root, 'bin', 'jobwright.js'))
    await writeFile(path.join(root, 'package.json'), '{"type": "module", "engines": {"node": ">=24.16"}}')
    for (const [name, text] of Object.entries(files)) {
      await mkdir(path.dirname(path.join(root, name)), { recursive: true })
      await writeFile(path.join(root, name), text)
    }
    if (options.ownNode) {
      await mkdir(path.join(root, 'node_modules', '.bin'), { recursive: true })
      await symlink(process.execPath, path.join(root, 'node_modules', '.bin', 'node'))
    }
    const pretend = `data:text/javascript,Object.defineProperty(process,'versions',{value:{node:'${version}'}})`
    const args = ['--import', pretend, path.join(root, 'bin', 'jobwright.js'), 'a', 'b c']
    return work(args)
  })
}

/** What such a package says and how it ends. */
function runAs(
  version: string,
  files: Record<string, string>,
  options: { ownNode?: boolean } = {},
): Promise<Outcome> {
  return packageOf(
    version,
    files,
    options,
    (args) =>
      new Promise((resolve) => {
        execFile(process.execPath, args, { env: cleanEnvironment() }, (error, stdout, stderr) =>
          resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
        )
      }),
  )
}

const repository = path.resolve(import.meta.dirname, '../..')
const program = 'console.log(JSON.stringify(process.argv.slice(2))); process.exitCode = 4'

describe('the executable', () => {
  test('runs the sources in the repository and what was built in a package', async () => {
    const source = await runAs('24.16.0', { 'src/cli.ts': `const one: number = 1\n${program}` })
    expect(source).toEqual({ code: 4, stdout: '["a","b c"]\n', stderr: '' })
    const built = await runAs('26.0.0', {
      'cli.js': program,
      'src/cli.ts': 'throw new Error("not this one")',
    })
    expect(built).toEqual({ code: 4, stdout: '["a","b c"]\n', stderr: '' })
  })

  test('on an older Node.js runs the one that the package brings', async () => {
    const files = { 'src/cli.ts': program, 'src/dev-stack/parent-guard.ts': '' }
    const outcome = await runAs('20.20.0', files, { ownNode: true })
    expect(outcome).toEqual({ code: 4, stdout: '["a","b c"]\n', stderr: '' })
  })

  test('killed while the one that the package brings works for it, leaves nothing behind', async () => {
    const guard = await readFile(path.join(repository, 'src/dev-stack/parent-guard.ts'), 'utf8')
    const stay = 'setInterval(() => undefined, 1000); console.log(process.pid)'
    const files = { 'src/cli.ts': stay, 'src/dev-stack/parent-guard.ts': guard }
    await packageOf('20.20.0', files, { ownNode: true }, async (args) => {
      const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
      const [said] = await once(child.stdout, 'data')
      expect(Number(said)).not.toBe(child.pid)
      child.kill('SIGKILL')
      await until('the process that worked ends', () => !isRunning(Number(said)))
    })
  })

  test('started as a program gives way to the Node.js of the packages', async () => {
    await withTempDir(async (root) => {
      const link = path.join(root, 'jobwright')
      await symlink(binary, link)
      // No other is on the path.
      const child = spawn(link, ['--version'], { env: { PATH: '/usr/bin:/bin' }, stdio: 'ignore' })
      expect(await once(child, 'exit')).toEqual([0, null])
    })
  })

  test.each(['20.20.0', '22.23.0', '24.15.0'])(
    'on Node.js %s without another says what is needed',
    async (old) => {
      const outcome = await runAs(old, { 'cli.js': program })
      expect(outcome).toMatchObject({ code: 2, stdout: '' })
      expect(outcome.stderr).toContain(`needs Node.js 24.16 or newer; this is`)
    },
  )
})

test('the packages ask for a Node.js that has what the program uses', async () => {
  const manifest = JSON.parse(await readFile(path.join(repository, 'package.json'), 'utf8'))
  // The first that has crypto.randomUUIDv7.
  expect(manifest.engines.node).toBe('>=24.16')
})
