import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { launchChild } from '../../src/dev-stack/child.ts'

const mebibyte = 1024 * 1024

test('a process that writes and writes does not fill the disk, and its last words are kept', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'jobwright-child-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const logFile = path.join(folder, 'worker.log')
  const script = `const line = 'x'.repeat(1023) + '\\n'
    for (let mebibyte = 0; mebibyte < 18; mebibyte += 1)
      if (!process.stdout.write(line.repeat(1024))) await new Promise((go) => process.stdout.once('drain', go))
    console.error('the last words')`
  const life = launchChild({
    command: process.execPath,
    args: ['--input-type=module', '-e', script],
    environment: {},
    ipc: false,
    logFile,
  })
  await new Promise((resolve) => life.ended.addEventListener('abort', resolve))
  expect(life.ended.reason).toBe('exit code 0')
  const sizes = [(await stat(logFile)).size, (await stat(`${logFile}.1`)).size]
  for (const size of sizes) expect(size).toBeLessThan(6 * mebibyte)
  expect(await readFile(logFile, 'utf8')).toMatch(/the last words/)
  expect((await stat(logFile)).mode & 0o777).toBe(0o600)
})
