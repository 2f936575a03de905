import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { open, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { describe, expect, onTestFinished, test } from 'vitest'
import { binary, cleanEnvironment, jobwright, withTempDir } from './helpers.ts'

describe('the command line', () => {
  test('tells its version', async () => {
    const manifest = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'))
    expect(await jobwright(['--version'])).toEqual({ code: 0, stdout: `${manifest.version}\n`, stderr: '' })
  })

  test('tells it without loading a client, which takes longer than all the rest', async () => {
    const tracer = `import { registerHooks } from 'node:module'
      registerHooks({ load(url, context, next) { console.error(url); return next(url, context) } })`
    const { stderr } = await jobwright(['--version'], {
      env: { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(tracer)}` },
    })
    const loaded = stderr.split('\n')
    expect(loaded.filter((url) => url.endsWith('/src/cli/main.ts'))).toHaveLength(1)
    expect(loaded.filter((url) => /node_modules\/(@temporalio|@grpc|ky)\//.test(url))).toEqual([])
  })

  test('explains itself, exit codes included', async () => {
    const { code, stdout } = await jobwright(['--help'])
    expect(code).toBe(0)
    for (const word of ['run', 'validate', 'doctor', 'documents', 'Exit codes: 0 completed'])
      expect(stdout).toContain(word)
  })

  test('without a command shows the help on stderr and exits 2', async () => {
    const { code, stdout, stderr } = await jobwright([])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain('Usage: jobwright')
  })

  test.each([
    [['rnu'], "unknown command 'rnu'", '(Did you mean run?)'],
    [['jobs', 'lst'], "unknown command 'lst'", '(Did you mean list?)'],
    [['run', '--detatch', 'x.yaml'], "unknown option '--detatch'", '(Did you mean --detach?)'],
    [['runs', '--output', 'jsn'], "argument 'jsn' is invalid", 'text, json'],
    [['runs', '--limit', '0'], "argument '0' is invalid", 'whole number'],
    [['run'], "missing required argument 'file'", '--help'],
    [['show', 'a', 'b'], 'too many arguments', '--help'],
    [['jobs', 'create'], "required option '--type <job-type>' not specified", '--help'],
    [['documents', 'push', '.'], "required option '--as <name>' not specified", '--help'],
    [['dev', '--port', '70000'], "argument '70000' is invalid", 'port from 0 to 65535'],
  ])('refuses %j with exit 2, nothing on stdout, and what would be right', async (args, problem, hint) => {
    const { code, stdout, stderr } = await jobwright(args)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain(`error bad_usage `)
    expect(stderr).toContain(problem)
    expect(stderr).toContain(hint)
  })

  test('tells what is wrong to a machine in JSON, to a person in colors where they are wanted', async () => {
    const json = await jobwright(['rnu', '--output', 'json'])
    expect(json).toMatchObject({ code: 2, stdout: '' })
    expect(JSON.parse(json.stderr)).toEqual({
      error: { code: 'bad_usage', message: expect.stringContaining("unknown command 'rnu'"), exit_code: 2 },
    })
    const color = await jobwright(['rnu'], { env: { FORCE_COLOR: '1' } })
    expect(color.stderr).toContain('\u001b[31merror\u001b[39m bad_usage ')
  })

  test.each(['a/b c', 'a b', '-x', '../x', ''])('refuses the id %j', async (id) => {
    const { code, stderr } = await jobwright(['run', 'x.yaml', `--id=${id}`])
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('error bad_usage ') })
  })

  test('takes --output before and after the command', async () => {
    await withTempDir(async (cwd) => {
      const file = 'missing.yaml'
      const before = await jobwright(['--output', 'json', 'validate', '--offline', file], { cwd })
      const after = await jobwright(['validate', '--offline', file, '--output', 'json'], { cwd })
      expect(JSON.parse(before.stdout)).toEqual(JSON.parse(after.stdout))
    })
  })

  test.each([
    ['JOBS_API_URL', 'http://user:hunter2@127.0.0.1:1/api/v1', 'holds credentials'],
    ['JOBS_API_URL', 'nonsense', 'not a URL'],
    ['JOBWRIGHT_PORT', 'eighty', 'JOBWRIGHT_PORT'],
  ])('refuses %s=%s with exit 2 and never repeats a password', async (name, value, problem) => {
    const { code, stdout, stderr } = await jobwright(['runs'], { env: { [name]: value } })
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain(problem)
    expect(stderr).toContain(name)
    expect(stderr).not.toContain('hunter2')
  })

  test('works its version and help out even when the environment is unusable', async () => {
    const env = { JOBWRIGHT_PORT: 'eighty' }
    expect((await jobwright(['--version'], { env })).code).toBe(0)
    expect((await jobwright(['run', '--help'], { env })).code).toBe(0)
  })

  test.each(['stdout', 'stderr'] as const)(
    'goes on when the reader of %s is gone: the exit code and what the other gets stay true',
    async (closed) => {
      await withTempDir(async (cwd) => {
        await writeFile(path.join(cwd, 'bad.yaml'), 'pipeline: x\nsteps:\n  a: {}\n')
        const args = [binary, 'graph', 'bad.yaml', '--output', 'json']
        const child = spawn(process.execPath, args, { cwd, env: cleanEnvironment() })
        child[closed].destroy()
        const read = text(closed === 'stdout' ? child.stderr : child.stdout)
        expect(await once(child, 'exit')).toEqual([2, null])
        if (closed === 'stdout') expect(await read).toContain('bad.yaml:')
        else expect(JSON.parse(await read)).toMatchObject({ valid: false })
      })
    },
  )

  test.skipIf(process.platform !== 'linux')('says what keeps it from writing, and exits 3', async () => {
    const full = await open('/dev/full', 'w')
    onTestFinished(() => full.close())
    const child = spawn(process.execPath, [binary, 'schema'], {
      env: cleanEnvironment(),
      stdio: ['ignore', full.fd, 'pipe'],
    })
    const said = text(child.stderr as Readable)
    expect(await once(child, 'exit')).toEqual([3, null])
    expect(await said).toBe('error cannot_write stdout: ENOSPC\n')
  })
})
