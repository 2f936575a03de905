import { randomUUIDv7 } from 'node:crypto'
import { expect, test } from 'vitest'
import { limits, workerLimits } from '../../../src/contract/index.ts'
import { all, newCaller, onEveryBackend, saveJob, triggerRun } from './backends.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const at = '2026-04-13T10:10:00.123456'

onEveryBackend('reports of workers', (backend) => {
  test('the first attempt makes a run running', async () => {
    const { store } = backend()
    const caller = newCaller()
    const id = await triggerRun(store, caller)
    const started = await store.reports.startAttempt(id, 1)
    expect(started).toMatchObject({
      jobType: 'sleep',
      workspace: caller.workspace,
      previousAttempt: 'none',
      run: { uuid: id, status: 'running', attempt: 1, started_at: expect.any(String), finished_at: null },
    })
    expect(await store.runs.get(caller, id)).toEqual(started?.run)
    expect(await store.reports.workspaceOf(id)).toEqual(caller)
  })

  test('a later attempt learns whether the one before asked for it or was lost', async () => {
    const { store } = backend()
    const id = await triggerRun(store, newCaller())
    const first = await store.reports.startAttempt(id, 1)
    expect(await store.reports.startAttempt(id, 2)).toMatchObject({
      previousAttempt: 'lost',
      run: { attempt: 2 },
    })
    const error = { code: 'busy', message: 'try later' }
    expect(await store.reports.retry(id, 2, error)).toMatchObject({
      applied: true,
      run: { status: 'running', error: null },
    })
    expect(await store.reports.retry(id, 2, error)).toMatchObject({ applied: false })
    const third = await store.reports.startAttempt(id, 3)
    expect(third).toMatchObject({
      previousAttempt: 'retryable',
      run: { attempt: 3, started_at: first?.run.started_at },
    })
    expect(await store.reports.startAttempt(id, 4)).toMatchObject({ previousAttempt: 'lost' })
    expect(await store.reports.retry(id, 3, error)).toMatchObject({ applied: false })
    expect(await store.reports.startAttempt(id, 2)).toMatchObject({ run: { attempt: 4 } })
  })

  test('a retry says in the log why', async () => {
    const { store } = backend()
    const caller = newCaller()
    const id = await triggerRun(store, caller)
    await store.reports.startAttempt(id, 1)
    await store.reports.retry(id, 1, { code: 'busy', message: 'try later' })
    expect(await all(store.runs.logs(caller, id, {}))).toMatchObject([
      { attempt: 1, level: 'warn', message: expect.stringContaining('busy: try later') },
    ])
  })

  test('the end of a run says when and why', async () => {
    const { store } = backend()
    const caller = newCaller()
    const id = await triggerRun(store, caller)
    await store.reports.startAttempt(id, 1)
    const error = { code: 'boom', message: 'it \0 broke \ud800' }
    const finished = await store.reports.finish(id, { attempt: 1, status: 'failed', error })
    expect(finished).toMatchObject({
      applied: true,
      run: { status: 'failed', error, finished_at: expect.any(String) },
    })
    expect(await store.runs.get(caller, id)).toEqual(finished?.run)
  })

  test('a terminal run changes no more, whatever is reported', async () => {
    const { store } = backend()
    const caller = newCaller()
    const id = await triggerRun(store, caller)
    await store.reports.startAttempt(id, 1)
    await store.reports.finish(id, { attempt: 1, status: 'completed' })
    const before = await store.runs.get(caller, id)
    const head = await store.changes.head(caller)
    const nothing = { applied: false, run: before }
    for (const status of ['failed', 'cancelled', 'completed'] as const)
      expect(
        await store.reports.finish(id, { attempt: 9, status, error: { code: 'x', message: 'y' } }),
      ).toEqual(nothing)
    expect(await store.reports.retry(id, 9, { code: 'x', message: 'y' })).toEqual(nothing)
    expect(await store.reports.progress(id, { attempt: 9, fraction: 1 })).toEqual(nothing)
    expect(
      await store.reports.appendLogs(id, { attempt: 9, lines: [{ at, level: 'info', message: 'late' }] }),
    ).toEqual(nothing)
    const output = { name: 'late', type: 'json', mediaType: 'application/json', content: bytes('1') }
    expect(await store.reports.putOutput(id, 9, output)).toBe('terminal')
    expect(await store.reports.startAttempt(id, 9)).toMatchObject({ run: before })
    expect(await store.runs.get(caller, id)).toEqual(before)
    expect(await all(store.runs.logs(caller, id, {}))).toEqual([])
    expect(await store.changes.head(caller)).toBe(head)
  })

  test('reports of an older attempt change nothing', async () => {
    const { store } = backend()
    const caller = newCaller()
    const id = await triggerRun(store, caller)
    await store.reports.startAttempt(id, 3)
    const before = await store.runs.get(caller, id)
    const nothing = { applied: false, run: before }
    expect(await store.reports.finish(id, { attempt: 2, status: 'failed' })).toEqual(nothing)
    expect(await store.reports.progress(id, { attempt: 2, fraction: 1 })).toEqual(nothing)
    expect(await store.reports.retry(id, 2, { code: 'x', message: 'y' })).toEqual(nothing)
    expect(
      await store.reports.appendLogs(id, { attempt: 2, lines: [{ at, level: 'info', message: 'late' }] }),
    ).toEqual(nothing)
    const output = { name: 'late', type: 'json', mediaType: 'application/json', content: bytes('1') }
    expect(await store.reports.putOutput(id, 2, output)).toBe('terminal')
    expect(await store.reports.startAttempt(id, 2)).toMatchObject({ run: before })
    expect(await store.runs.get(caller, id)).toEqual(before)
  })

  test('an end that overtakes its start is kept', async () => {
    const { store } = backend()
    const id = await triggerRun(store, newCaller())
    expect(await store.reports.finish(id, { attempt: 2, status: 'completed' })).toMatchObject({
      applied: true,
      run: { status: 'completed', attempt: 2, started_at: null },
    })
    expect(await store.reports.startAttempt(id, 2)).toMatchObject({
      run: { status: 'completed', attempt: 2 },
    })
  })

  test('an attempt that would begin after a cancel was asked for finds its run cancelled', async () => {
    const { store } = backend()
    const caller = newCaller()
    const [waiting, lost] = [await triggerRun(store, caller), await triggerRun(store, caller)]
    for (const item of (await store.dispatch.claim({ limit: 1000, leaseMs: 60_000 })).items)
      await store.dispatch.done(item.id)
    await store.reports.startAttempt(lost, 1)
    for (const id of [waiting, lost])
      expect((await store.runs.requestCancel(caller, id)).outcome).toBe('requested')
    const head = await store.changes.head(caller)
    expect(await store.reports.startAttempt(waiting, 1)).toMatchObject({
      run: { status: 'cancelled', started_at: null, finished_at: expect.any(String) },
    })
    expect(await store.reports.startAttempt(lost, 2)).toMatchObject({ run: { status: 'cancelled' } })
    const { changes } = await store.changes.after(caller, head, { limit: 10 })
    expect(changes.map(({ run }) => [run.uuid, run.status])).toEqual([
      [waiting, 'cancelled'],
      [lost, 'cancelled'],
    ])
    const outbox = (await store.dispatch.claim({ limit: 1000, leaseMs: 60_000 })).items
    expect(outbox.filter((item) => [waiting, lost].includes(item.jobRunId))).toEqual([])
  })

  test('of reports at the same time one decides', async () => {
    const { store, another } = backend()
    const other = await another()
    const caller = newCaller()
    const id = await triggerRun(store, caller)
    await store.reports.startAttempt(id, 1)
    const head = await store.changes.head(caller)
    const statuses = ['completed', 'failed', 'cancelled'] as const
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, index) =>
        (index % 2 ? store : other).reports.finish(id, { attempt: 1, status: statuses[index % 3]! }),
      ),
    )
    const winner = answers.filter((answer) => answer?.applied)
    expect(winner).toHaveLength(1)
    expect(await store.runs.get(caller, id)).toEqual(winner[0]?.run)
    expect((await store.changes.after(caller, head, { limit: 10 })).changes).toHaveLength(1)
  })

  test('reports on an unknown run are unknown', async () => {
    const { store } = backend()
    const id = randomUUIDv7()
    expect(await store.reports.startAttempt(id, 1)).toBeUndefined()
    expect(await store.reports.finish(id, { attempt: 1, status: 'completed' })).toBeUndefined()
    expect(await store.reports.retry(id, 1, { code: 'x', message: 'y' })).toBeUndefined()
    expect(await store.reports.progress(id, { attempt: 1 })).toBeUndefined()
    expect(await store.reports.appendLogs(id, { attempt: 1, lines: [] })).toBeUndefined()
    const output = { name: 'x', type: 'json', mediaType: 'application/json', content: bytes('1') }
    expect(await store.reports.putOutput(id, 1, output)).toBeUndefined()
    expect(await store.reports.workspaceOf(id)).toBeUndefined()
  })

  test('progress replaces progress', async () => {
    const { store } = backend()
    const caller = newCaller()
    const id = await triggerRun(store, caller)
    await store.reports.startAttempt(id, 1)
    await store.reports.progress(id, { attempt: 1, fraction: 0.25, message: 'a quarter' })
    expect((await store.runs.get(caller, id))?.progress).toEqual({ fraction: 0.25, message: 'a quarter' })
    await store.reports.progress(id, { attempt: 1, fraction: 0.5 })
    expect((await store.runs.get(caller, id))?.progress).toEqual({ fraction: 0.5, message: null })
  })

  test('log lines come back in their order, by pages, and a report sent again adds nothing', async () => {
    const { store } = backend()
    const caller = newCaller()
    const id = await triggerRun(store, caller)
    await store.reports.startAttempt(id, 1)
    const line = (message: string) => ({ at, level: 'info' as const, message })
    const report = { attempt: 1, lines: [line('one'), line('two'), line('two')] }
    expect(await store.reports.appendLogs(id, report)).toMatchObject({ applied: true })
    expect(await store.reports.appendLogs(id, report)).toMatchObject({ applied: true })
    await store.reports.appendLogs(id, {
      attempt: 1,
      lines: [line('three \0 \ud800'), line('four')],
    })
    const lines = await all(store.runs.logs(caller, id, {}))
    expect(lines.slice(0, 3)).toEqual(
      ['one', 'two', 'two'].map((message) => ({ at, attempt: 1, level: 'info', message })),
    )
    expect(lines.map(({ message }) => message)).toEqual(['one', 'two', 'two', 'three \ufffd \ufffd', 'four'])
    const page = store.runs.logs(caller, id, { limit: 2 })
    const first = await all(page)
    const rest = await all(store.runs.logs(caller, id, { cursor: page.nextCursor()! }))
    expect([...first, ...rest]).toEqual(lines)
    expect(() => store.runs.logs(caller, randomUUIDv7(), { cursor: page.nextCursor()! })).toThrow(
      expect.objectContaining({ code: 'bad_cursor' }),
    )
  })

  test('lines that have no room are dropped, which is no reason for a run to say nothing more', async () => {
    const { store, db } = backend()
    const caller = newCaller()
    const id = await triggerRun(store, caller)
    await store.reports.startAttempt(id, 1)
    await db
      .updateTable('job_runs')
      .set({ log_lines: workerLimits.logLines })
      .where('uuid', '=', id)
      .execute()
    const report = { attempt: 1, lines: [{ at, level: 'info' as const, message: 'too much' }] }
    expect(await store.reports.appendLogs(id, report)).toMatchObject({ applied: true })
    expect(await all(store.runs.logs(caller, id, {}))).toEqual([])
  })

  test('outputs are kept byte for byte and referred to by their run', async () => {
    const { store } = backend()
    const caller = newCaller()
    const id = await triggerRun(store, caller)
    await store.reports.startAttempt(id, 1)
    const text = '{"b": 1.50, "a": [1e300, "\\u0000"]}'
    const json = {
      name: 'result',
      type: 'json',
      mediaType: 'application/json; charset=utf-8',
      content: bytes(text),
    }
    const small = await store.reports.putOutput(id, 1, json)
    expect(small).toEqual({
      type: 'json',
      uuid: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7/),
      name: 'result',
      media_type: 'application/json; charset=utf-8',
      size_bytes: text.length,
      href: `/api/v1/job-runs/${id}/outputs/result`,
      value: JSON.parse(text),
    })
    const raw = Uint8Array.from({ length: 3 * 1024 * 1024 }, (_, index) => index % 256)
    const big = await store.reports.putOutput(id, 1, {
      name: 'raw',
      type: 'bytes',
      mediaType: 'application/octet-stream',
      content: raw,
    })
    expect(big).not.toHaveProperty('value')
    await store.reports.finish(id, { attempt: 1, status: 'completed' })
    expect((await store.runs.get(caller, id))?.output_references).toEqual([small, big])
    expect((await all(store.runs.list(caller, {})))[0]?.output_references).toEqual([small, big])
    const read = await store.runs.output(caller, id, 'result')
    expect({ mediaType: read?.mediaType, text: new TextDecoder().decode(read?.content) }).toEqual({
      mediaType: json.mediaType,
      text,
    })
    expect(Buffer.compare((await store.runs.output(caller, id, 'raw'))!.content, raw)).toBe(0)
    expect(await store.runs.output(caller, id, 'other')).toBeUndefined()
  })

  test('JSON is inline up to the limit only, and only when it is JSON', async () => {
    const { store } = backend()
    const caller = newCaller()
    const id = await triggerRun(store, caller)
    const put = (name: string, content: Uint8Array, mediaType = 'application/json') =>
      store.reports.putOutput(id, 1, { name, type: 'json', mediaType, content })
    expect(await put('fits', bytes(JSON.stringify('x'.repeat(limits.inlineOutputBytes - 2))))).toHaveProperty(
      'value',
    )
    expect(
      await put('large', bytes(JSON.stringify('x'.repeat(limits.inlineOutputBytes - 1)))),
    ).not.toHaveProperty('value')
    expect(await put('broken', bytes('{'))).not.toHaveProperty('value')
    expect(await put('latin', Uint8Array.of(0x22, 0xe9, 0x22))).not.toHaveProperty('value')
    expect(await put('text', bytes('1'), 'text/plain')).not.toHaveProperty('value')
    expect(await put('nothing', bytes('null'))).toHaveProperty('value', null)
    expect(await put('empty', bytes(''), 'text/plain')).toMatchObject({ size_bytes: 0 })
    expect((await store.runs.output(caller, id, 'empty'))?.content.byteLength).toBe(0)
  })

  test('what no answer can carry is left out of it, whatever is in the rows; the rest of list and feed goes on', async () => {
    const { store, db } = backend()
    const caller = newCaller()
    const start = await store.changes.head(caller)
    const [bad, good] = [await triggerRun(store, caller), await triggerRun(store, caller)]
    const deep = `${'['.repeat(7_000)}${']'.repeat(7_000)}`
    await store.reports.putOutput(bad, 1, {
      name: 'deep',
      type: 'json',
      mediaType: 'application/json',
      content: bytes(deep),
    })
    await db.updateTable('job_run_outputs').set({ inline_json: deep }).where('job_run_id', '=', bad).execute()
    await db
      .updateTable('job_runs')
      .set({ config: deep, error: '{', progress: deep })
      .where('uuid', '=', bad)
      .execute()
    const listed = await all(store.runs.list(caller, {}))
    const { changes } = await store.changes.after(caller, start, { limit: 10 })
    expect(JSON.parse(JSON.stringify([listed.map(({ uuid }) => uuid).sort(), changes.length]))).toEqual([
      [bad, good].sort(),
      2,
    ])
    expect(JSON.parse(JSON.stringify(await store.runs.get(caller, bad)))).toMatchObject({
      config: { unreadable: expect.any(String) },
      error: { code: 'unreadable_error' },
      progress: null,
      output_references: [expect.not.objectContaining({ value: expect.anything() })],
    })
    expect(Buffer.from((await store.runs.output(caller, bad, 'deep'))?.content ?? []).toString()).toBe(deep)
  })

  test('an output written again replaces the earlier one in its place', async () => {
    const { store } = backend()
    const caller = newCaller()
    const id = await triggerRun(store, caller)
    const put = (name: string, text: string, attempt = 1) =>
      store.reports.putOutput(id, attempt, {
        name,
        type: 'json',
        mediaType: 'application/json',
        content: bytes(text),
      })
    const first = await put('a', '1')
    await put('b', '2')
    expect(await put('a', '1')).toEqual(first)
    const again = await put('a', '[3]', 2)
    expect(again).toMatchObject({ value: [3], size_bytes: 3 })
    expect(
      (await store.runs.get(caller, id))?.output_references.map(({ name, value }) => ({ name, value })),
    ).toEqual([
      { name: 'a', value: [3] },
      { name: 'b', value: 2 },
    ])
    expect(await put('a', '4', 1)).toBe('terminal')
  })

  test('an output and the end of its run never cross', async () => {
    const { store, another } = backend()
    const other = await another()
    const caller = newCaller()
    const jobId = await saveJob(store, caller)
    await Promise.all(
      Array.from({ length: 15 }, async () => {
        const id = await triggerRun(store, caller, jobId)
        const output = { name: 'x', type: 'json', mediaType: 'application/json', content: bytes('1') }
        const [put, finished] = await Promise.all([
          store.reports.putOutput(id, 1, output),
          other.reports.finish(id, { attempt: 1, status: 'completed' }),
        ])
        const names = finished?.run.output_references.map(({ name }) => name)
        expect(names).toEqual(put === 'terminal' ? [] : ['x'])
      }),
    )
  })
})
