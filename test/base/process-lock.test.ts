import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { acquireProcessLock, isSameProcessAlive, processIdentity } from '../../src/base/process-lock.ts'

let directory: string
let file: string
const children: ChildProcess[] = []

beforeEach(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'jobwright-lock-'))
  file = path.join(directory, 'inner', 'x.lock')
})

afterEach(async () => {
  for (const child of children.splice(0)) await kill(child)
  await rm(directory, { recursive: true, force: true })
})

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
}

/** A process that tries to take the lock when it is told to, says how that went, and then just lives. */
async function startTaker() {
  const script = `
    const { acquireProcessLock } = await import(${JSON.stringify(new URL('../../src/base/process-lock.ts', import.meta.url).href)})
    console.log('ready')
    await new Promise((resolve) => process.stdin.once('data', resolve))
    console.log(await acquireProcessLock(${JSON.stringify(file)}).then(() => 'taken', (error) => error.code ?? error.message))
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  children.push(child)
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]()
  await lines.next()
  return {
    child,
    async take(): Promise<string> {
      child.stdin?.write('go')
      return (await lines.next()).value ?? 'ended'
    },
  }
}

test('a lock has one owner until it is released', async () => {
  const lock = await acquireProcessLock(file)
  const error = await acquireProcessLock(file).catch((reason) => reason)
  expect(error).toMatchObject({ name: 'ProcessLockedError', code: 'already_locked', pid: process.pid })
  expect(error.message).toContain(path.dirname(file))
  expect(error.message).toContain(`process ${process.pid}`)
  expect(error).toMatchObject({ fix: expect.stringContaining('stop that process') })
  await lock.release()
  await lock.release()
  const next = await acquireProcessLock(file)
  await lock.release()
  await expect(acquireProcessLock(file)).rejects.toMatchObject({ code: 'already_locked' })
  await next.release()
  expect(await readdir(path.dirname(file))).toEqual([])
})

test('the lock of a killed process is taken over, by exactly one of many', async () => {
  const owner = await startTaker()
  expect(await owner.take()).toBe('taken')
  await expect(acquireProcessLock(file)).rejects.toMatchObject({ pid: owner.child.pid })
  const takers = await Promise.all(Array.from({ length: 4 }, startTaker))
  await kill(owner.child)
  const own = Array.from({ length: 5 }, () =>
    acquireProcessLock(file).then(
      () => 'taken',
      (error) => error.code,
    ),
  )
  const outcomes = await Promise.all([...takers.map((taker) => taker.take()), ...own])
  expect(outcomes.toSorted()).toEqual([...Array(8).fill('already_locked'), 'taken'])
  expect(await readdir(path.dirname(file))).toEqual(['x.lock'])
})

test('many takers over many rounds: never two owners, nothing left behind', async () => {
  for (let round = 0; round < 50; round++) {
    await acquireProcessLock(file).then((lock) => lock.release())
    await writeFile(file, JSON.stringify({ pid: 2 ** 22 + 1, startedAt: 'x', nonce: crypto.randomUUID() }))
    const attempts = await Promise.allSettled(Array.from({ length: 6 }, () => acquireProcessLock(file)))
    const taken = attempts.filter((attempt) => attempt.status === 'fulfilled')
    expect(taken).toHaveLength(1)
    await taken[0]?.value.release()
    expect(await readdir(path.dirname(file))).toEqual([])
  }
})

test('a taker that died half way is taken over as well', async () => {
  await acquireProcessLock(file).then((lock) => lock.release())
  const dead = (nonce: string) => JSON.stringify({ pid: 2 ** 22 + 1, startedAt: 'x', nonce })
  const [first, second] = [crypto.randomUUID(), crypto.randomUUID()]
  await writeFile(file, dead(first))
  await writeFile(`${file}.${first}`, dead(second))
  const lock = await acquireProcessLock(file)
  expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ pid: process.pid })
  expect(await readdir(path.dirname(file))).toEqual(['x.lock'])
  await lock.release()
})

test('a pid that was used again is not the owner', async () => {
  await acquireProcessLock(file).then((lock) => lock.release())
  await writeFile(
    file,
    JSON.stringify({ pid: process.pid, startedAt: 'long ago', nonce: crypto.randomUUID() }),
  )
  const lock = await acquireProcessLock(file)
  await lock.release()
})

test('a file cut short by a power failure locks nobody out', async () => {
  await acquireProcessLock(file).then((lock) => lock.release())
  for (const text of ['', '{"pid":', 'null', '{"pid":"1"}']) {
    await writeFile(file, text)
    await (await acquireProcessLock(file)).release()
  }
})

test('a process has one identity for as long as it lives', async () => {
  const { child } = await startTaker()
  const identity = await processIdentity(child.pid!)
  expect(identity).toEqual(await processIdentity(child.pid!))
  expect(await isSameProcessAlive(identity!)).toBe(true)
  expect(await isSameProcessAlive({ ...identity!, startedAt: 'another time' })).toBe(false)
  await kill(child)
  expect(await isSameProcessAlive(identity!)).toBe(false)
  expect(await processIdentity(0)).toBeUndefined()
  expect(await processIdentity(-1)).toBeUndefined()
})
