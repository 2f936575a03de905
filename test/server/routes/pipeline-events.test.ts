import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PipelineRunsClient } from '../../../src/client/index.ts'
import type { PipelineRunEvent, PipelineRunView, StepRunView } from '../../../src/contract/index.ts'
import { until } from '../../helpers/until.ts'
import { type Person, startApi, type TestApi } from './api.ts'

let api: TestApi
let me: Person
beforeAll(async () => {
  api = await startApi({ heartbeatMs: 50 })
  me = await api.person()
})
afterAll(() => api.close())

const nap = 'name: nap\nsteps: { nap: { job_type: plain } }\n'
const start = async (): Promise<string> => (await me.post('/pipeline-runs', { yaml: nap })).json.id

function line(step: string, seq: number, status: StepRunView['status'] = 'running'): StepRunView {
  return {
    step,
    seq,
    generation: 1,
    status,
    job_id: null,
    job_run_id: null,
    started_at: null,
    finished_at: null,
    error: null,
  }
}

/** The next change of a run: one line of it. */
function touch(id: string, step: string, status?: StepRunView['status']): void {
  api.runs.change(id, (view) => {
    const seq = view.seq + 1
    const others = view.steps.filter((one) => one.step !== step)
    return {
      ...view,
      seq,
      steps: [...others, line(step, seq, status)].toSorted((a, b) => a.step.localeCompare(b.step)),
    }
  })
}

function finish(id: string): void {
  api.runs.change(id, (view) => ({
    ...view,
    seq: view.seq + 1,
    status: 'completed',
    finished_at: '2026-04-13T10:10:00.000Z',
  }))
}

const events = (id: string, headers: Record<string, string> = {}, query = '') =>
  me.get(`/pipeline-runs/${id}/events${query}`, { headers })

describe('the events of a pipeline run', () => {
  it('are its lines in the order in which they changed, and then the run; they end with it', async () => {
    const id = await start()
    for (const step of ['b', 'a', 'c', 'a']) touch(id, step)
    finish(id)
    const { status, headers, text } = await events(id)
    expect(status).toBe(200)
    expect(Object.fromEntries(headers)).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
    })
    expect(
      text.split('\n\n').map((one) =>
        one
          .replace(/data: .*/, '')
          .replaceAll('\n', ' ')
          .trim(),
      ),
    ).toEqual([
      'retry: 1000',
      'event: step id: 2',
      'event: step id: 4',
      'event: step id: 5',
      'event: run id: 6',
      '',
    ])
    expect(text).toContain('"status":"completed"')
  })

  it('go on after what was read, by header or in the query; of what is over there is nothing more', async () => {
    const id = await start()
    for (const step of ['a', 'b', 'c']) touch(id, step)
    finish(id)
    const ids = (text: string) => [...text.matchAll(/^id: (\d+)$/gm)].map((match) => Number(match[1]))
    for (const answer of [
      await events(id, { 'Last-Event-ID': '3' }),
      await events(id, {}, '?last_event_id=3'),
    ])
      expect(ids(answer.text)).toEqual([4, 5])
    // All lines were read, the end was not.
    expect(ids((await events(id, { 'Last-Event-ID': '4' })).text)).toEqual([5])
    expect(await events(id, { 'Last-Event-ID': '5' })).toMatchObject({ status: 204, text: '' })
  })

  it.each(['x', '-1', '01', '1.5', '', '99', '9'.repeat(30), '1 or 2'])(
    'are refused after %j',
    async (last) => {
      const id = await start()
      touch(id, 'a')
      for (const answer of [
        await events(id, {}, `?last_event_id=${encodeURIComponent(last)}`),
        // fetch drops what is empty.
        ...(last === '' ? [] : [await events(id, { 'Last-Event-ID': last })]),
      ]) {
        expect([answer.status, answer.json.code]).toEqual([400, 'bad_last_event_id'])
        expect(answer.json.detail).toMatch(
          last === '99' ? /expected a whole number from 0 to 2/ : /expected a whole number/,
        )
      }
    },
  )

  it('say that they are there while nothing happens, and end when nobody reads or the server closes', async () => {
    const other = await startApi({ heartbeatMs: 20 })
    try {
      const person = await other.person()
      const { id } = (await person.post('/pipeline-runs', { yaml: nap })).json
      const open = async (signal?: AbortSignal) => {
        const response = await fetch(`${other.url}/api/v1/pipeline-runs/${id}/events`, {
          headers: { Authorization: `Bearer ${person.token}` },
          ...(signal ? { signal } : {}),
        })
        if (!response.body) throw new Error('no body')
        return response.body.pipeThrough(new TextDecoderStream()).getReader()
      }
      const leaving = new AbortController()
      const [left, kept] = [await open(leaving.signal), await open()]
      let text = ''
      while ((text.match(/^: still here$/gm) ?? []).length < 3) text += (await left.read()).value ?? ''
      expect(other.runs.watchers()).toBe(2)
      leaving.abort()
      await until('one reader is left', () => other.runs.watchers() === 1)
      other.beginClosing()
      await until('the stream to end', async () => (await kept.read()).done)
      await until('nobody to watch', () => other.runs.watchers() === 0)
      expect(other.errors).toEqual([])
    } finally {
      await other.close()
    }
  })

  it('come as fast as they are read: what a slow reader does not take is not kept for it', async () => {
    const id = await start()
    const padding = 'x'.repeat(100_000)
    const response = await fetch(`${api.url}/api/v1/pipeline-runs/${id}/events`, {
      headers: { Authorization: `Bearer ${me.token}` },
    })
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
    const changes = 300
    for (let n = 0; n < changes; n++) {
      touch(id, 'a')
      api.runs.change(id, (view) => ({
        ...view,
        steps: view.steps.map((one) => ({ ...one, trouble: padding })),
      }))
      await new Promise((resolve) => setImmediate(resolve))
    }
    finish(id)
    let text = ''
    for (let next = await reader?.read(); next && !next.done; next = await reader?.read()) text += next.value
    const ids = [...text.matchAll(/^event: step\nid: (\d+)$/gm)].map((match) => Number(match[1]))
    expect(ids.length).toBeLessThan(changes / 2)
    expect(ids.at(-1)).toBe(1 + changes)
  })

  it('have no body for HEAD, and leave nobody watching', async () => {
    const id = await start()
    const { status, text } = await me.send('HEAD', `/pipeline-runs/${id}/events`)
    expect([status, text]).toEqual([200, ''])
    await until('nobody to watch', () => api.runs.watchers() === 0)
  })
})

describe('a client of the events', () => {
  it('goes on by itself after each cut, wherever it falls, and tells each change once', async () => {
    const id = await start()
    let seed = Math.trunc(Math.random() * 2 ** 31)
    console.log(`cuts by seed ${seed}`)
    const random = () => {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31
      return seed / 2 ** 31
    }
    let cuts = 0
    // Breaks each answer off after some bytes, as a proxy does that is restarted.
    const cutting: typeof fetch = async (...request) => {
      const response = await fetch(...request)
      let left = 100 + Math.trunc(random() * 700)
      const cut = new TransformStream<Uint8Array, Uint8Array>({
        transform(chunk, controller) {
          controller.enqueue(chunk.subarray(0, left))
          left -= chunk.byteLength
          if (left > 0) return
          cuts += 1
          controller.error(new TypeError('terminated'))
        },
      })
      return new Response(response.body?.pipeThrough(cut) ?? null, response)
    }
    const client = new PipelineRunsClient({ baseUrl: `${api.url}/api/v1`, token: me.token, fetch: cutting })
    const got: PipelineRunEvent[] = []
    const following = (async () => {
      for await (const event of client.events(id)) got.push(event)
    })()
    const steps = Array.from({ length: 12 }, (_, n) => `s${n}`)
    for (const step of steps) {
      touch(id, step)
      touch(id, step, 'completed')
      const end = () =>
        got.some(
          (event) => event.event === 'step' && event.step.step === step && event.step.status === 'completed',
        )
      await until(`the end of ${step}`, end)
    }
    finish(id)
    await following
    const lines = got.flatMap((event) => (event.event === 'step' ? [event.step] : []))
    const seqs = lines.map(({ seq }) => seq)
    expect(seqs).toEqual([...new Set(seqs)].toSorted((a, b) => a - b))
    expect(lines.filter(({ status }) => status === 'completed').map(({ step }) => step)).toEqual(steps)
    expect(got.at(-1)).toMatchObject({ event: 'run', run: { status: 'completed' } })
    expect(cuts).toBeGreaterThan(2)
    await until('nobody to watch', () => api.runs.watchers() === 0)
  })

  it('throws what is refused for good, and ends quietly when it is told to', async () => {
    const client = new PipelineRunsClient({ baseUrl: `${api.url}/api/v1`, token: me.token })
    await expect(client.events('nope').next()).rejects.toMatchObject({ code: 'unknown_pipeline_run' })
    const id = await start()
    const wrong = client.events(id, { lastEventId: '77' })
    await expect(wrong.next()).rejects.toMatchObject({ code: 'bad_last_event_id', status: 400 })
    const enough = new AbortController()
    const seen: PipelineRunEvent[] = []
    for await (const event of client.events(id, { signal: enough.signal })) {
      seen.push(event)
      enough.abort()
    }
    expect(seen).toHaveLength(1)
    const stranger = new PipelineRunsClient({
      baseUrl: `${api.url}/api/v1`,
      token: (await api.person()).token,
    })
    await expect(stranger.events(id).next()).rejects.toMatchObject({ status: 404 })
  })

  it('has a method for the other operations', async () => {
    const client = new PipelineRunsClient({ baseUrl: `${api.url}/api/v1`, token: (await api.person()).token })
    expect(await client.validate({ yaml: 'name: x' })).toMatchObject({ valid: false })
    const saved = await client.savePipeline('nap', nap)
    expect(saved).toMatchObject({ name: 'nap', version: 1, is_new: true })
    await expect(client.savePipeline('nap', `${nap}#`, { ifMatch: '"7"' })).rejects.toMatchObject({
      status: 412,
    })
    expect((await client.listPipelines({ limit: 5 })).items).toMatchObject([{ name: 'nap' }])
    expect(await client.getPipeline('nap')).toMatchObject({ yaml: nap })
    expect(await client.getPipeline('nap', { version: 1 })).toMatchObject({ version: 1 })
    const run = await client.start({ pipeline: 'nap' }, { idempotencyKey: 'k' })
    expect(await client.start({ pipeline: 'nap' }, { idempotencyKey: 'k' })).toEqual(run)
    const view: PipelineRunView = await client.show(run.id)
    expect([view.pipeline_version, (await client.list({ limit: 5 })).items]).toEqual([1, [run]])
    await client.cancel(run.id)
    await client.deletePipeline('nap')
    await expect(client.getPipeline('nap')).rejects.toMatchObject({ code: 'unknown_pipeline' })
  })
})
