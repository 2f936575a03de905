import { EventEmitter } from 'node:events'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { type ParentProcess, runRoot } from '../../src/cli/run-root.ts'
import { until } from '../helpers/until.ts'
import { withTempDir } from './helpers.ts'

function parent(stdinIsTty = false): ParentProcess & EventEmitter {
  return Object.assign(new EventEmitter(), {
    execPath: process.execPath,
    execArgv: [],
    replace: undefined,
    stdinIsTty,
  })
}

async function script(directory: string, code: string): Promise<string> {
  const file = path.join(directory, 'script.mjs')
  await writeFile(file, code)
  return file
}

/** Says that it is there by a file, and by another what it was sent. */
const obedient = `
  import { writeFileSync } from 'node:fs'
  const here = import.meta.dirname
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => { writeFileSync(here + '/got', signal); process.exit(7) })
  setInterval(() => {}, 1000)
  writeFileSync(here + '/ready', '')
`

describe('a process of the stack that runs in our place', () => {
  test('gives its exit code', async () => {
    await withTempDir(async (directory) => {
      expect(await runRoot(await script(directory, 'process.exitCode = 3'), parent())).toBe(3)
    })
  })

  test('that a signal ended gives 128 and its number', async () => {
    await withTempDir(async (directory) => {
      expect(await runRoot(await script(directory, "process.kill(process.pid, 'SIGKILL')"), parent())).toBe(
        137,
      )
    })
  })

  test.each(['SIGTERM', 'SIGINT'] as const)('gets our %s, and may drain', async (signal) => {
    const { readFile } = await import('node:fs/promises')
    await withTempDir(async (directory) => {
      const us = parent()
      const code = runRoot(await script(directory, obedient), us)
      await until('the child is ready', () => readFile(path.join(directory, 'ready')).then(() => true))
      us.emit(signal)
      expect(await code).toBe(7)
      expect(await readFile(path.join(directory, 'got'), 'utf8')).toBe(signal)
      expect(us.eventNames()).toEqual([])
    })
  })

  test('does not get a second Ctrl-C from us when the terminal has sent it to both', async () => {
    const { readFile } = await import('node:fs/promises')
    await withTempDir(async (directory) => {
      const us = parent(true)
      const code = runRoot(await script(directory, obedient), us)
      await until('the child is ready', () => readFile(path.join(directory, 'ready')).then(() => true))
      us.emit('SIGINT')
      us.emit('SIGTERM')
      expect(await code).toBe(7)
      expect(await readFile(path.join(directory, 'got'), 'utf8')).toBe('SIGTERM')
    })
  })

  test('takes our place where that can be done', async () => {
    const replaced = new Error('replaced')
    let asked: unknown[] = []
    const replace = (...args: unknown[]): never => {
      asked = args
      throw replaced
    }
    const us = { ...parent(), execArgv: ['--max-old-space-size=99'], replace, on: () => {}, off: () => {} }
    await expect(runRoot('/x.mjs', us)).rejects.toBe(replaced)
    expect(asked).toEqual([process.execPath, [process.execPath, '--max-old-space-size=99', '/x.mjs']])
  })

  test('that cannot be started says so', async () => {
    const nowhere = { ...parent(), execPath: '/no/such/node', on: () => {}, off: () => {} }
    await expect(runRoot('/x.mjs', nowhere)).rejects.toMatchObject({ code: 'cannot_start' })
  })
})
