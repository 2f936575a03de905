import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'

const bootstrap = path.resolve(import.meta.dirname, '../scripts/bootstrap.mjs')

/** A repository whose packages are installed, without a Node.js among them. */
async function runAs(version: string): Promise<{ code: number; stdout: string; stderr: string }> {
  const root = await mkdtemp(path.join(tmpdir(), 'jobwright-bootstrap-'))
  try {
    await mkdir(path.join(root, 'scripts'))
    await mkdir(path.join(root, 'node_modules'))
    await copyFile(bootstrap, path.join(root, 'scripts', 'bootstrap.mjs'))
    const files = {
      'package.json': '{"type": "module", "engines": {"node": ">=24.16"}}',
      'package-lock.json': '{}',
      'node_modules/.jobwright-lock-sha256': createHash('sha256').update('{}').digest('hex'),
      'main.ts': 'const word: string = "ran"\nconsole.log(word)',
      'scripts/run.mjs':
        "import { runWithPackages } from './bootstrap.mjs'\nawait runWithPackages(['main.ts'])",
    }
    for (const [name, text] of Object.entries(files)) await writeFile(path.join(root, name), text)
    const pretend = `data:text/javascript,Object.defineProperty(process,'versions',{value:{node:'${version}'}})`
    return await new Promise((resolve) => {
      execFile(
        process.execPath,
        ['--import', pretend, path.join(root, 'scripts', 'run.mjs')],
        (error, stdout, stderr) => resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
      )
    })
  } finally {
    await rm(root, { recursive: true, force: true })
  }
}

test('where the packages bring no Node.js, the one at hand is used when it is new enough', async () => {
  expect(await runAs('24.16.0')).toEqual({ code: 0, stdout: 'ran\n', stderr: '' })
})

test('and refused with a sentence when it is not', async () => {
  const outcome = await runAs('22.23.0')
  expect(outcome).toMatchObject({ code: 2, stdout: '' })
  expect(outcome.stderr).toContain('needs Node.js 24.16 or newer')
})
