import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { JsonObject } from '../../src/base/json.ts'
import { startProcess } from '../helpers/processes.ts'
import { until } from '../helpers/until.ts'
import { useExecutor } from './harness.ts'

const executor = useExecutor()
const { work, trigger, waiting } = executor

/** After so long a silence a worker counts as lost: for tests that wait for that. */
const lossMs = 3000

describe('A run', () => {
  test('completes with its outputs, logs and progress stored before its end is reported', async () => {
    await work({ logFlushMs: 60_000 })
    const { id, handle } = await trigger('echo', { config: { value: [1, { a: null }] } })
    expect(await handle.result()).toEqual({ status: 'completed' })
    const { run, outputs, logs, attempts } = executor.api.get(id)
    expect(run).toMatchObject({
      status: 'completed',
      error: null,
      progress: { fraction: 0.5, message: 'half of [1,{"a":null}]' },
    })
    expect(JSON.parse(outputs.echo?.text ?? '')).toEqual({
      value: [1, { a: null }],
      note: 'none',
      run: { uuid: id, jobId: run.job_id, jobName: run.job_name, jobType: 'echo', workspace: 'default' },
      attempt: 1,
      api: 'function',
    })
    expect(outputs.text).toMatchObject({ mediaType: 'text/plain; charset=utf-8', text: 'äöü' })
    expect(outputs.bytes).toMatchObject({ mediaType: 'application/x-one', text: '\u0001' })
    expect(logs.map(({ level, message }) => `${level} ${message}`)).toEqual([
      'info value [1,{"a":null}]',
      'warn a NUL \uFFFD and half a pair \uFFFD',
    ])
    expect(attempts).toEqual([{ attempt: 1, previous: 'none' }])
  })

  test.each([
    ['error', 'handler_error', 'broken with undefined'],
    ['code', 'out_of_paper', 'no paper'],
    ['text', 'handler_error', 'threw string: just text'],
    [
      'output',
      'invalid_output',
      expect.stringContaining('/n: Invalid input: expected number, received string'),
    ],
    ['name', 'undeclared_output', expect.stringContaining('declares no output "not a name"')],
  ])('whose handler throws (%s) fails with code %s', async (how, code, message) => {
    await work()
    const { id, handle } = await trigger('failing', { config: { how } })
    expect(await handle.result()).toEqual({ status: 'failed' })
    expect(executor.api.get(id).run).toMatchObject({ status: 'failed', error: { code, message } })
    expect(executor.api.get(id).attempts).toHaveLength(1)
  })

  test.each([
    [
      'undeclared',
      'undeclared_output',
      'job type declaring declares no output "smu"; known: sum, report, extra',
    ],
    ['undeclared text', 'undeclared_output', 'declares no output "smu"'],
    ['swallowed', 'undeclared_output', 'declares no output "smu"'],
    ['missing', 'missing_output', 'declares sum, report, which the handler did not store; it stored none'],
    ['no report', 'missing_output', 'declares report, which the handler did not store; it stored sum'],
    ['text', 'invalid_output', 'the output report is not what the job type declares'],
    ['bytes', 'invalid_output', 'the output sum is not what the job type declares'],
  ])('whose outputs are not those that its job type declares (%s) fails', async (how, code, message) => {
    await work()
    const { id, handle } = await trigger('declaring', { config: { how } })
    expect(await handle.result()).toEqual({ status: 'failed' })
    expect(executor.api.get(id).run.error).toEqual({ code, message: expect.stringContaining(message) })
  })

  test.each(['at once', 'in two attempts'])(
    'has declared outputs as its schemas describe them, stored %s',
    async (how) => {
      await work()
      const { id, handle } = await trigger('declaring', { config: { how } })
      expect(await handle.result()).toEqual({ status: 'completed' })
      const { outputs } = executor.api.get(id)
      expect(Object.keys(outputs).sort()).toEqual(['report', 'sum'])
      expect(outputs.sum?.text).toBe('{"n":2}')
    },
  )

  test('fails with at most 4 KiB of message', async () => {
    await work()
    const { id, handle } = await trigger('failing', { config: { how: 'long' } })
    await handle.result()
    const message = executor.api.get(id).run.error?.message ?? ''
    expect(Buffer.byteLength(message)).toBeLessThanOrEqual(4096)
    expect(message).toMatch(/^ä+…$/)
  })

  test.each([
    ['a missing field', {}, 'config/value: Invalid input'],
    ['an unknown field', { value: 1, valeu: 2 }, 'config/: Unrecognized key: "valeu"'],
    [
      'a secret that is not there',
      { value: { $secret: 'toString' } },
      'config/value: the secret toString is not configured on this worker',
    ],
    [
      'an output that is not there',
      { value: { $output: { job_run_id: randomUUID(), name: 'x' } } },
      'cannot be read: unknown_job_run',
    ],
    ['a broken template', { value: { $template: ['a', 5] } }, 'a part of $template is neither text nor'],
  ])('with %s in its config fails as invalid_config', async (_, config, message) => {
    await work()
    const { id, handle } = await trigger('echo', { config: config as JsonObject })
    await handle.result()
    expect(executor.api.get(id).run.error).toMatchObject({
      code: 'invalid_config',
      message: expect.stringContaining(message),
    })
  })

  test('of a job type that this worker lacks fails with the ones it has', async () => {
    await work()
    const { id, handle } = await trigger('nonsense')
    expect(await handle.result()).toEqual({ status: 'failed' })
    expect(executor.api.get(id).run.error).toMatchObject({
      code: 'unknown_job_type',
      message: expect.stringContaining('sleep, echo'),
    })
  })

  test('that is over already is not run again', async () => {
    await work()
    const { id, handle } = await trigger('sleep', { config: { duration: '1ms' } })
    await handle.result()
    const again = await executor.client.activity.start('executeJobRun', {
      id: randomUUID(),
      taskQueue: executor.taskQueue,
      args: [{ job_run_id: id, job_type: 'sleep' }],
      startToCloseTimeout: 10_000,
    })
    expect(await again.result()).toEqual({ status: 'completed' })
    expect(executor.api.get(id).attempts).toHaveLength(1)
  })

  test('that the server does not know ends at once', async () => {
    await work()
    const handle = await executor.client.activity.start('executeJobRun', {
      id: randomUUID(),
      taskQueue: executor.taskQueue,
      args: [{ job_run_id: randomUUID(), job_type: 'sleep' }],
      startToCloseTimeout: 10_000,
    })
    await expect(handle.result()).rejects.toMatchObject({ cause: { type: 'unknown_job_run' } })
  })
})

describe('References', () => {
  test('are resolved for the handler, and secrets kept out of everything recorded', async () => {
    const worker = await work()
    const source = await trigger('echo', { config: { value: { $secret: 'not a reference in here' } } })
    executor.api.get(source.id).outputs.doc = {
      mediaType: 'application/json',
      text: '{"$secret":"PLAIN"}',
      attempt: 1,
    }
    const { id, handle } = await trigger('echo', {
      config: {
        value: {
          plain: { $secret: 'PLAIN' },
          header: { $template: ['Bearer ', { $secret: 'ASYNC' }, '!'] },
          doc: { $output: { job_run_id: source.id, name: 'doc' } },
        },
      },
    })
    await handle.result()
    const { outputs, logs, run } = executor.api.get(id)
    expect(JSON.parse(outputs.echo?.text ?? '').value).toEqual({
      plain: 'canary-plain"quoted',
      header: 'Bearer canary-async/4711!',
      doc: { $secret: 'PLAIN' },
    })
    expect(logs[0]?.message).toBe('value {"plain":"***","header":"Bearer ***!","doc":{"$secret":"PLAIN"}}')
    expect(run.progress?.message).toContain('"header":"Bearer ***!"')
    const failed = await trigger('failing', { config: { how: 'error', secret: { $secret: 'PLAIN' } } })
    await failed.handle.result()
    expect(executor.api.get(failed.id).run.error?.message).toBe('broken with ***')
    const retried = await trigger('twice', { config: { how: 'retry', secret: { $secret: 'PLAIN' } } })
    await retried.handle.result()
    expect(executor.api.get(retried.id).run.error?.message).toBe('attempt 2 of 2: attempt 2 with ***')
    const described = await Promise.all(
      [handle, failed.handle, retried.handle].map((each) =>
        each.describe({ includeOutcome: true, includeLastFailure: true } as never),
      ),
    )
    const recorded = JSON.stringify(
      [worker.warnings, described, logs, run, executor.api.get(failed.id), executor.api.get(retried.id)],
      (_, value) => (value instanceof Uint8Array ? Buffer.from(value).toString() : value),
    )
    expect(recorded).not.toContain('canary')
  })

  test('to a secret are kept out of what names an output or an error, in any form', async () => {
    await work()
    const failed = await trigger('failing', { config: { how: 'secret code', secret: { $secret: 'NAME' } } })
    await failed.handle.result()
    const named = await trigger('naming', { config: { name: { $secret: 'NAME' } } })
    await named.handle.result()
    expect(executor.api.get(named.id).run.error).toMatchObject({ code: 'bad_output' })
    const recorded = JSON.stringify([executor.api.get(failed.id), executor.api.get(named.id)])
    expect(recorded).not.toContain('canary_name')
    expect(recorded).not.toContain(Buffer.from('me:canary_name').toString('base64'))
  })

  test('to a secret that is too short to be hidden are told in the log', async () => {
    await work()
    const { id, handle } = await trigger('echo', { config: { value: { $secret: 'SHORT' } } })
    await handle.result()
    expect(executor.api.get(id).logs.map(({ level, message }) => `${level} ${message}`)).toContain(
      'warn the secret SHORT has fewer than 4 characters, so it is not kept out of logs and errors',
    )
  })

  test('to a secret that cannot be read lead to another attempt, without its error', async () => {
    await work()
    const { id, handle } = await trigger('twice', { config: { how: 'x', secret: { $secret: 'BROKEN' } } })
    expect(await handle.result()).toEqual({ status: 'failed' })
    expect(executor.api.get(id).attempts).toHaveLength(2)
    expect(executor.api.get(id).run.error).toEqual({
      code: 'attempts_exhausted',
      message: 'attempt 2 of 2: the secret BROKEN could not be read (Error)',
    })
  })
})

describe('A cancel', () => {
  test('reaches the handler, and ends the run as cancelled here and in Temporal', async () => {
    await work()
    const { id, handle, closed } = await trigger('patient')
    await waiting(id)
    await handle.cancel('enough')
    expect((await executor.api.ended(id)).status).toBe('cancelled')
    expect(await closed()).toBe('CANCELED')
    expect(executor.api.get(id).attempts).toHaveLength(1)
  })

  test('of a handler that completes all the same leaves the run completed', async () => {
    await work()
    const { id, handle } = await trigger('stubborn')
    await waiting(id)
    await handle.cancel('enough')
    expect(await handle.result()).toEqual({ status: 'completed' })
    expect(executor.api.get(id).run.status).toBe('completed')
  })

  test('of a handler that does not listen leaves it behind after a while', async () => {
    await work({ handlerGraceMs: 100 })
    const { id, handle, closed } = await trigger('deaf')
    await waiting(id)
    await handle.cancel('enough')
    expect((await executor.api.ended(id)).status).toBe('cancelled')
    expect(await closed()).toBe('CANCELED')
  })

  test('before the server could be told of the start is reported when it is back', async () => {
    await work()
    executor.api.cutOff(/./)
    const { id, handle, closed } = await trigger('patient')
    await until('an attempt to be announced', () =>
      executor.api.requests.some((request) => request.url.includes(id)),
    )
    await handle.cancel('enough')
    const before = executor.api.requests.length
    await until('the end to be reported', () =>
      executor.api.requests.slice(before).some((request) => request.url.endsWith('/finish')),
    )
    executor.api.cutOff()
    expect((await executor.api.ended(id)).status).toBe('cancelled')
    expect(await closed()).toBe('CANCELED')
    expect(executor.api.get(id).attempts).toHaveLength(0)
  })
})

describe('Time', () => {
  test('that is up ends the run as failed, with the code timeout', async () => {
    await work()
    const { id } = await trigger('brief', { timeoutMs: 60_000 })
    expect((await executor.api.ended(id)).error).toEqual({
      code: 'timeout',
      message: 'the run did not end in time',
    })
  })
})

test('A clock that is ahead of the others takes no time from an attempt', async () => {
  const now = Date.now
  vi.spyOn(Date, 'now').mockImplementation(() => now() + 60 * 60_000)
  onTestFinished(() => void vi.restoreAllMocks())
  await work()
  const { id, handle } = await trigger('unhurried')
  expect(await handle.result()).toEqual({ status: 'completed' })
  expect(executor.api.get(id).attempts).toHaveLength(1)
})

describe('A RetryableError', () => {
  test('leads to another attempt, which is told so', async () => {
    await work()
    const { id, handle } = await trigger('failing', { config: { how: 'retry_once' } })
    expect(await handle.result()).toEqual({ status: 'completed' })
    expect(executor.api.get(id).attempts).toEqual([
      { attempt: 1, previous: 'none' },
      { attempt: 2, previous: 'retryable' },
    ])
  })

  test('again and again fails the run after ten attempts', async () => {
    await work()
    const { id, handle } = await trigger('failing', { config: { how: 'retry' } })
    expect(await handle.result()).toEqual({ status: 'failed' })
    expect(executor.api.get(id).attempts).toHaveLength(10)
    expect(executor.api.get(id).run.error).toMatchObject({ code: 'attempts_exhausted' })
  })
})

test('A run whose worker is well is not taken for lost, however rarely that worker would beat by itself', async () => {
  await work({ heartbeatIntervalMs: 60_000 })
  // Longer than it may be silent.
  const { id, handle } = await trigger('sleep', { config: { duration: '4500ms' }, heartbeatMs: lossMs })
  expect(await handle.result()).toEqual({ status: 'completed' })
  expect(executor.api.get(id).attempts).toEqual([{ attempt: 1, previous: 'none' }])
})

describe('A worker', () => {
  const script = fileURLToPath(new URL('./worker-process.ts', import.meta.url))
  const startWorkerProcess = async () => {
    const child = startProcess(process.execPath, [script, ...executor.workerArguments], {})
    executor.add({ shutdown: () => child.kill() })
    await child.event('ready')
    return child
  }

  test('killed while a handler runs leads to another attempt elsewhere', async () => {
    const first = await startWorkerProcess()
    const { id, handle } = await trigger('fragile', { heartbeatMs: lossMs })
    await waiting(id)
    await first.kill()
    await work()
    expect(await handle.result()).toEqual({ status: 'completed' })
    expect(executor.api.get(id).attempts).toEqual([
      { attempt: 1, previous: 'none' },
      { attempt: 2, previous: 'lost' },
    ])
    expect(executor.api.get(id).outputs.attempt).toMatchObject({ text: '2', attempt: 2 })
  })

  test('killed with every attempt fails the run once its attempts are used up', async () => {
    const { id, handle } = await trigger('fragile_twice', { heartbeatMs: lossMs })
    for (const attempt of [1, 2]) {
      const worker = await startWorkerProcess()
      await waiting(id, attempt)
      await worker.kill()
    }
    await work()
    expect(await handle.result()).toEqual({ status: 'failed' })
    expect(executor.api.get(id).run.error).toEqual({
      code: 'attempts_exhausted',
      message: 'the worker of attempt 2 was lost, and the job type allows 2 attempts',
    })
  })

  test('killed while a handler runs that must not be attempted twice fails the run', async () => {
    const first = await startWorkerProcess()
    const { id, handle } = await trigger('once_only', { heartbeatMs: lossMs })
    await waiting(id)
    await first.kill()
    await work()
    expect(await handle.result()).toEqual({ status: 'failed' })
    expect(executor.api.get(id).run.error).toMatchObject({ code: 'worker_lost' })
    expect(executor.api.get(id).outputs).toEqual({})
  })

  test('that shuts down hands its runs over at once, even those that must not be attempted after a loss', async () => {
    const first = await work()
    const { id, handle } = await trigger('once_only', { heartbeatMs: 60_000 })
    await waiting(id)
    await first.shutdown()
    await work()
    expect(await handle.result()).toEqual({ status: 'completed' })
    expect(executor.api.get(id).attempts).toEqual([
      { attempt: 1, previous: 'none' },
      { attempt: 2, previous: 'retryable' },
    ])
  })

  test('that shuts down while the server is away hands its runs over all the same', async () => {
    const first = await work({ reportGiveUpMs: 300 })
    const { id, handle } = await trigger('once_only', { heartbeatMs: 60_000 })
    await waiting(id)
    executor.api.cutOff(/./)
    await first.shutdown()
    executor.api.cutOff()
    await work()
    expect(await handle.result()).toEqual({ status: 'completed' })
    expect(executor.api.get(id).attempts).toEqual([
      { attempt: 1, previous: 'none' },
      { attempt: 2, previous: 'lost' },
    ])
  })
})

describe('While the server is away', () => {
  test('an attempt waits to be announced, and outputs, logs and the end wait to be stored', async () => {
    const worker = await work()
    executor.api.cutOff(/\/start/)
    const { id, handle } = await trigger('echo', { config: { value: 1 } })
    await until('the announcement to fail', () =>
      worker.warnings.some((line) => line.startsWith('announcing the attempt failed')),
    )
    expect(executor.api.get(id).attempts).toHaveLength(0)
    executor.api.cutOff(/\/(outputs|finish|logs|progress)/)
    await until('an output to fail', () =>
      worker.warnings.some((line) => line.startsWith('storing an output failed')),
    )
    executor.api.cutOff(/\/(finish|logs|progress)/)
    await until('the end to be all that is left', () => executor.api.get(id).outputs.bytes)
    executor.api.cutOff()
    expect(await handle.result()).toEqual({ status: 'completed' })
    expect(executor.api.get(id)).toMatchObject({
      run: { status: 'completed', progress: { fraction: 0.5 } },
      attempts: [{ attempt: 1 }],
    })
    expect(executor.api.get(id).logs).toHaveLength(2)
    expect(worker.warnings.join()).not.toContain('canary-worker-token')
  })

  test('for longer than reports are tried, the end is left in Temporal for the reconciler', async () => {
    await work({ reportGiveUpMs: 200 })
    executor.api.cutOff(/\/finish/)
    const [completed, failed] = [
      await trigger('sleep', { config: { duration: '1ms' } }),
      await trigger('failing', { config: { how: 'code' } }),
    ]
    expect(await completed.handle.result()).toEqual({ status: 'completed' })
    await expect(failed.handle.result()).rejects.toMatchObject({
      cause: { type: 'out_of_paper', message: 'no paper', nonRetryable: true },
    })
    expect(await failed.closed()).toBe('FAILED')
    expect(executor.api.get(completed.id).run.status).toBe('running')
  })

  test('a run that was ended elsewhere meanwhile keeps that end', async () => {
    await work()
    const { id, handle } = await trigger('patient')
    await waiting(id)
    Object.assign(executor.api.get(id).run, {
      status: 'failed',
      error: { code: 'lost', message: 'reconciled' },
    })
    await handle.cancel('late')
    await expect(handle.result()).rejects.toThrow()
    expect(executor.api.get(id).run.error).toMatchObject({ code: 'lost' })
  })
})

test('sleep fails when told to, with the text it was given', async () => {
  await work()
  const { id, handle } = await trigger('sleep', { config: { duration: '20ms', fail: 'as asked' } })
  await handle.result()
  expect(executor.api.get(id).run.error).toEqual({ code: 'sleep_failed', message: 'as asked' })
  const good = await trigger('sleep', { config: { duration: '20ms' } })
  await good.handle.result()
  expect(executor.api.get(good.id).outputs.slept?.text).toBe('{"ms":20}')
})
