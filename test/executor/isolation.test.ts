import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import type { Socket } from 'node:net'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { isRunning } from '../cli/processes.ts'
import { withDataFolder } from '../helpers/data-folder.ts'
import { startProcess } from '../helpers/processes.ts'
import { until } from '../helpers/until.ts'
import { useExecutor } from './harness.ts'

const executor = useExecutor()
const { work, trigger, waiting } = executor

const runOf = (id: string) => executor.api.get(id)
const pidOf = (id: string, name = 'pid_1') => Number(runOf(id).outputs[name]?.text)
const gone = (pid: number) => until(`process ${pid} to be gone`, () => !isRunning(pid))

describe('A handler that', () => {
  test.each([
    ['timer', 'uncaught_exception', 'thrown in a timer'],
    ['emitter', 'uncaught_exception', 'emitted'],
    ['stream', 'uncaught_exception', expect.stringContaining('ENOENT')],
    ['exit', 'process_exit', expect.stringContaining('process.exit(3)')],
    ['late_exit', 'process_exit', expect.stringContaining('process.exit(0)')],
    ['abort', 'process_exit', expect.stringContaining('process.abort()')],
    ['kill', 'process_exit', expect.stringContaining('process.kill')],
    ['worker', 'process_exit', expect.stringContaining('process.kill')],
    ['really_exit', 'process_exit', expect.stringContaining('process.reallyExit(4)')],
    ['disconnect', 'process_exit', expect.stringContaining('process.disconnect()')],
    ['proxy', 'handler_error', expect.any(String)],
  ])('does harm outside of its promise (%s) fails its own run, and no other', async (how, code, message) => {
    await work()
    const innocent = await trigger('innocent', { config: { ms: 1000 } })
    await waiting(innocent.id)
    const { id, handle } = await trigger('unruly', { config: { how } })
    expect(await handle.result()).toEqual({ status: 'failed' })
    expect(runOf(id).run.error).toEqual({ code, message })
    expect(await innocent.handle.result()).toEqual({ status: 'completed' })
    expect(runOf(innocent.id).attempts).toHaveLength(1)
    // They were in one process, or nothing was shown.
    expect(pidOf(innocent.id)).toBe(pidOf(id, 'pid'))
  })

  test('puts something else in place of the channel to the worker harms nobody', async () => {
    await work()
    const innocent = await trigger('innocent', { config: { ms: 500 } })
    await waiting(innocent.id)
    const { handle } = await trigger('unruly', { config: { how: 'send' } })
    expect(await handle.result()).toEqual({ status: 'completed' })
    expect(await innocent.handle.result()).toEqual({ status: 'completed' })
    expect(runOf(innocent.id).attempts).toHaveLength(1)
  })

  test('forgets a promise that is rejected finds that in its log', async () => {
    await work()
    const { id, handle } = await trigger('unruly', { config: { how: 'promise' } })
    expect(await handle.result()).toEqual({ status: 'completed' })
    await until('the log line', () => runOf(id).logs.some(({ message }) => message.endsWith(': forgotten')))
  })

  test('computes keeps no other from being attempted once, and new ones begin elsewhere', async () => {
    // Long enough for a process that only stands still for a while, and the next one waits twice for it.
    await work({}, { busyAfterMs: 2000 })
    await withDataFolder('busy', async (folder) => {
      const file = path.join(folder, 'enough')
      const neighbour = await trigger('innocent', { config: { ms: 100 } })
      await waiting(neighbour.id)
      // Until the file exists.
      const busy = await trigger('unruly', { config: { how: 'block', ms: 60_000, file } })
      await waiting(busy.id)
      const next = await trigger('innocent', { config: { ms: 1 } })
      expect(await next.handle.result()).toEqual({ status: 'completed' })
      expect(runOf(busy.id).run.status).toBe('running')
      expect(pidOf(next.id)).not.toBe(pidOf(busy.id, 'pid'))
      await writeFile(file, '')
      expect(await busy.handle.result()).toEqual({ status: 'completed' })
      expect(await neighbour.handle.result()).toEqual({ status: 'completed' })
      for (const { id } of [neighbour, busy, next]) expect(runOf(id).attempts).toHaveLength(1)
      await gone(pidOf(next.id))
    })
  })

  test('computes for ever is ended on a cancel, which uses up no attempt of the others', async () => {
    await work({ handlerGraceMs: 100 })
    const innocent = await trigger('innocent', { config: { until_lost: true } })
    await waiting(innocent.id)
    const { id, handle } = await trigger('unruly', { config: { how: 'block', ms: 2 ** 30 } })
    await waiting(id)
    await handle.cancel('enough')
    expect((await executor.api.ended(id)).status).toBe('cancelled')
    await gone(pidOf(id, 'pid'))
    expect(await innocent.handle.result()).toEqual({ status: 'completed' })
    expect(runOf(innocent.id).attempts).toEqual([
      { attempt: 1, previous: 'none' },
      { attempt: 2, previous: 'retryable' },
    ])
  })

  test('does not stop ends with the last of the others in its process', async () => {
    await work({ handlerGraceMs: 100 })
    const innocent = await trigger('innocent', { config: { ms: 4000 } })
    const deaf = await trigger('deaf')
    await waiting(innocent.id)
    await waiting(deaf.id)
    await deaf.handle.cancel('enough')
    expect((await executor.api.ended(deaf.id)).status).toBe('cancelled')
    expect(await innocent.handle.result()).toEqual({ status: 'completed' })
    expect(runOf(innocent.id).attempts).toHaveLength(1)
    await gone(pidOf(innocent.id))
  })
})

describe('When a process of handlers dies', () => {
  test('the run that does it uses up its attempts, and the others none', async () => {
    const worker = await work()
    const innocent = await trigger('innocent', { config: { until_lost: true } })
    await waiting(innocent.id)
    const { id, handle } = await trigger('unruly', { config: { how: 'die' } })
    expect(await innocent.handle.result()).toEqual({ status: 'completed' })
    expect(runOf(innocent.id).attempts).toHaveLength(2)
    expect(await handle.result()).toEqual({ status: 'failed' })
    expect(runOf(id).run.error).toEqual({
      code: 'attempts_exhausted',
      message: 'attempt 2 of 2: the process of the handler ended (signal SIGKILL)',
    })
    // The first one, with both in it, told nothing about whose doing it was.
    expect(runOf(id).attempts).toHaveLength(3)
    expect(worker.warnings.join()).toContain('"job_types":["innocent","unruly"]')
  })

  test('a run that must not be attempted twice fails, and says why', async () => {
    await work()
    const { id, handle } = await trigger('innocent_once', { config: { ms: 2 ** 30 } })
    await waiting(id)
    process.kill(pidOf(id), 'SIGKILL')
    expect(await handle.result()).toEqual({ status: 'failed' })
    expect(runOf(id).run.error).toEqual({
      code: 'worker_lost',
      message:
        'the process of the handler ended (signal SIGKILL); the job type is never attempted again after that',
    })
  })
})

test('A job type can have a process for each attempt, which ends with it', async () => {
  await work()
  const runs = await Promise.all([
    trigger('alone', { config: { ms: 1 } }),
    trigger('alone', { config: { ms: 1 } }),
  ])
  for (const { handle } of runs) expect(await handle.result()).toEqual({ status: 'completed' })
  const pids = runs.map(({ id }) => pidOf(id))
  expect(new Set(pids).size).toBe(2)
  for (const pid of pids) await gone(pid)
})

test('A worker that is killed takes its processes of handlers along, even one that computes', async () => {
  const script = fileURLToPath(new URL('./worker-process.ts', import.meta.url))
  const worker = startProcess(process.execPath, [script, ...executor.workerArguments], {})
  executor.add({ shutdown: () => worker.kill() })
  await worker.event('ready')
  const { id, handle } = await trigger('unruly', { config: { how: 'block', ms: 2 ** 30 } })
  await waiting(id)
  await worker.kill()
  await gone(pidOf(id, 'pid'))
  await handle.terminate('over')
})

describe('A process of handlers whose worker is gone', () => {
  /** Over a bare channel, whose end is what the death of a worker leaves: not the word that `disconnect` sends. */
  const start = (parent: number) => {
    const entry = fileURLToPath(new URL('./test-handler-host.ts', import.meta.url))
    const env = { ...process.env, NODE_CHANNEL_FD: '3', NODE_CHANNEL_SERIALIZATION_MODE: 'json' }
    const host = spawn(process.execPath, [entry, String(parent)], {
      env,
      stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
    })
    onTestFinished(() => void host.kill('SIGKILL'))
    const channel = host.stdio[3] as Socket
    channel.write(`${JSON.stringify({ baseUrl: executor.api.baseUrl, token: 't', timeoutMs: 1000 })}\n`)
    return { channel, gone: once(host, 'exit') }
  }

  test('ends when the channel to it ends, with a handler at work', async () => {
    const { channel, gone } = start(process.pid)
    const said = createInterface({ input: channel })
    await once(said, 'line')
    const jobRun = { uuid: 'u', job_id: 'j', job_name: 'n', config: {}, output_references: [] }
    const assignment = { jobRun, jobType: 'patient', workspace: 'w', attempt: 1 }
    channel.write(`${JSON.stringify({ kind: 'run', key: 1, assignment })}\n`)
    expect(String(await once(said, 'line'))).toContain('waiting')
    channel.destroy()
    expect(await gone).toEqual([0, null])
  })

  test('ends when that was before it could see who its worker is', async () => {
    // No process has this id: what started it must have been another one.
    expect(await start(2 ** 30).gone).toEqual([null, 'SIGKILL'])
  })
})

test('Handlers can run in the worker itself, with no other process', async () => {
  await work({}, { handlers: 'here' })
  const { id, handle } = await trigger('innocent', { config: { ms: 1 } })
  expect(await handle.result()).toEqual({ status: 'completed' })
  expect(pidOf(id)).toBe(process.pid)
})
