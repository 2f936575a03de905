import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { jobwright, withTempDir } from './helpers.ts'

const run = promisify(execFile)

/** What bash offers for the last of the words. */
async function offered(script: string, words: string[]): Promise<string[]> {
  return withTempDir(async (cwd) => {
    await writeFile(path.join(cwd, 'completion'), script)
    await writeFile(path.join(cwd, 'night.yaml'), '')
    const list = words.map((word) => `'${word}'`).join(' ')
    const ask = `. ./completion; COMP_WORDS=(jobwright ${list}); COMP_CWORD=${words.length}; _jobwright; printf '%s\\n' "\${COMPREPLY[@]}"`
    const { stdout } = await run('bash', ['-c', ask], { cwd })
    return stdout.split('\n').filter((word) => word !== '')
  })
}

test('bash completes commands, options, their values and files', async () => {
  const { code, stdout: script } = await jobwright(['completion', 'bash'])
  expect(code).toBe(0)
  expect(await offered(script, ['ru'])).toEqual(['run', 'runs'])
  expect(await offered(script, ['jobs', 'la'])).toEqual(['latest-run'])
  expect(await offered(script, ['--output', 'json', 'jobs', 'runs', '--st'])).toEqual(['--status'])
  expect(await offered(script, ['runs', '--output', ''])).toEqual(['text', 'json'])
  expect(await offered(script, ['graph', '--format', 's'])).toEqual(['svg'])
  expect(await offered(script, ['run', 'ni'])).toEqual(['night.yaml'])
  expect(await offered(script, ['show', 'ni'])).toEqual([])
})

test('zsh and fish have every command, and another shell is refused', async () => {
  const zsh = (await jobwright(['completion', 'zsh'])).stdout
  expect(zsh).toMatch(/^#compdef jobwright\n/)
  const fish = (await jobwright(['completion', 'fish'])).stdout
  for (const name of ['validate', 'latest-run', 'push']) {
    expect(zsh).toContain(name)
    expect(fish).toContain(` -a ${name} `)
  }
  expect(await jobwright(['completion', 'tcsh'])).toMatchObject({ code: 2, stdout: '' })
})
