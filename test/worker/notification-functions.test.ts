import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { callNotificationFunction } from '../../src/worker/notification-functions.ts'
import { until } from '../helpers/until.ts'

let folder: string
/** There once `polite` listens. */
let listens: string
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'jobwright-notify-'))
  listens = path.join(folder, 'listens')
  const heard = JSON.stringify(path.join(folder, 'heard.json'))
  await writeFile(path.join(folder, 'package.json'), '{"type":"module"}')
  await writeFile(
    path.join(folder, 'jobwright.config.ts'),
    `
import { writeFileSync } from 'node:fs'
export const notifications = {
  note: async (event: { id: string }) => writeFileSync(${heard}, JSON.stringify(event)),
  boom: () => { throw new Error('the token is canary-secret') },
  later: async () => { setTimeout(() => { throw new Error('late') }, 1); await new Promise(() => setInterval(() => {}, 1000)) },
  loop: () => { for (;;); },
  exit: () => process.exit(0),
  polite: (_: unknown, { signal }: { signal: AbortSignal }) => new Promise<void>((resolve) => {
    if (signal.aborted) return resolve()
    signal.addEventListener('abort', () => resolve()); setInterval(() => {}, 1000)
    writeFileSync(${JSON.stringify(listens)}, '')
  }),
  deaf: () => new Promise(() => setInterval(() => {}, 1000)),
  eats: () => { const all: unknown[] = []; for (;;) all.push(new Array(1e6).fill(all.length)) },
}`,
  )
})
afterAll(() => rm(folder, { recursive: true }))

const message = {
  id: 'msg_1',
  type: 'pipeline_run.failed',
  timestamp: '2026-04-13T00:00:00.000Z',
  data: { a: 1 },
}
interface Bounds {
  timeoutMs?: number
  graceMs?: number
  signal?: AbortSignal
}
// A thread takes long to start where many do: only who is about a limit has a short one.
const call = (
  name: string,
  { timeoutMs = 60_000, graceMs = 200, signal = new AbortController().signal }: Bounds = {},
) =>
  callNotificationFunction(
    {
      configFile: path.join(folder, 'jobwright.config.ts'),
      timeoutMs,
      graceMs,
      mask: async (text) => text.replaceAll('canary-secret', '***'),
    },
    name,
    message,
    signal,
  )

test('a function is told the event', async () => {
  await call('note')
  expect(JSON.parse(await readFile(path.join(folder, 'heard.json'), 'utf8'))).toEqual(message)
})

test.each([
  ['boom', 'notification_failed', 'the function boom failed: the token is ***'],
  ['later', 'notification_failed', 'the function later failed: late'],
  ['exit', 'notification_failed', 'the function exit failed: it ended its process'],
  ['eats', 'notification_failed', expect.stringContaining('memory')],
  ['toString', 'unknown_notification', expect.stringContaining('no notification toString')],
])('%s is told of, may pass, and ends nothing but itself', async (name, code, text) => {
  await expect(call(name)).rejects.toMatchObject({ code, fault: 'unreachable', message: text })
})

test.each(['loop', 'deaf'])('%s is ended when its time is over', async (name) => {
  await expect(call(name, { timeoutMs: 1_000 })).rejects.toMatchObject({ code: 'notification_timeout' })
})

test('one that minds its signal is done in its own way; and a worker that shuts down says so, too', async () => {
  const leaving = new AbortController()
  const polite = call('polite', { graceMs: 60_000, signal: leaving.signal })
  await Promise.race([until('it listens', () => existsSync(listens)), polite])
  leaving.abort()
  await polite
  await call('polite', { timeoutMs: 5_000, graceMs: 60_000 })
  const shutdown = new AbortController()
  const deaf = call('deaf', { signal: shutdown.signal })
  shutdown.abort()
  await expect(deaf).rejects.toMatchObject({ code: 'notification_timeout' })
})
