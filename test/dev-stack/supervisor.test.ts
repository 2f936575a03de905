import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { aborted } from '../../src/base/abort.ts'
import { supervise } from '../../src/dev-stack/supervisor.ts'

test('a process that ends in the moment in which it is ready was ready, and is started again', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'jobwright-supervisor-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const log: string[] = []
  const part = supervise(
    {
      name: 'worker',
      command: {
        command: process.execPath,
        args: ['-e', 'process.exit(1)'],
        environment: {},
        ipc: false,
        logFile: path.join(folder, 'worker.log'),
      },
      waitUntilReady: (life) => aborted(life.ended),
      readyTimeoutMs: 60_000,
      graceMs: 1_000,
    },
    {
      log: ({ kind }) => log.push(kind),
      restartPolicy: { quickDeathMs: 60_000, firstDelayMs: 1, maxDelayMs: 1, maxQuickDeaths: 2 },
      processChanged: async () => {},
    },
  )
  await part.ready
  await expect(part.done).rejects.toMatchObject({
    code: 'child_failed',
    message: expect.stringContaining('ended again and again, 2 times (exit code 1)'),
  })
  expect(log).toEqual(['ready', 'restarting', 'ready'])
})
