import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { callNotificationFunction } from '../../src/worker/notification-functions.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'jobwright-notify-'))
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
    signal.addEventListener('abort', () => resolve()); setInterval(() => {}, 1000)
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
const call = (name: string, timeoutMs = 20_000, signal = new AbortController().signal) =>
  callNotificationFunction(
    {
      configFile: path.join(folder, 'jobwright.config.ts'),
      timeoutMs,
      graceMs: 200,
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
  await expect(call(name, 1_000)).rejects.toMatchObject({ code: 'notification_timeout' })
})

test('one that minds its signal is done in its own way; and a worker that shuts down says so, too', async () => {
  await call('polite', 1_000)
  const shutdown = new AbortController()
  const deaf = call('deaf', 60_000, shutdown.signal)
  shutdown.abort()
  await expect(deaf).rejects.toMatchObject({ code: 'notification_timeout' })
})
