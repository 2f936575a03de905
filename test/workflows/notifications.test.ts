// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the marks of our own templates
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { ApplicationFailure, Context } from '@temporalio/activity'
import { NativeConnection, Worker } from '@temporalio/worker'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createNotificationActivities } from '../../src/activities/notify/send-notification.ts'
import { createClosedRuns } from '../../src/activities/sweep/closed-runs.ts'
import { installationNames, notificationQueue } from '../../src/contract/names.ts'
import type { PipelinePlan } from '../../src/pipeline/index.ts'
import { allowedTargets, verifyWebhook } from '../../src/webhooks/index.ts'
import { inActivity } from '../helpers/in-activity.ts'
import { until } from '../helpers/until.ts'
import { openRun, planFrom, recordOf, type Scripted, startScripted } from './scripted.ts'

interface Got {
  path: string
  headers: IncomingHttpHeaders
  body: string
  message: { type: string; timestamp: string; data: Record<string, unknown> }
}

let on: Scripted
let server: Server
let base: string
let got: Got[]
/** What the receiver answers, by path and how often it was asked; undefined: nothing, ever. */
let answer: (path: string, times: number) => number | undefined
let stopSending: () => Promise<void>

const secrets: Record<string, string> = {
  KEY: 'canary-signing-key',
  OLD: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
}

beforeAll(async () => {
  on = await startScripted()
  server = createServer(async (request, response) => {
    const body = await text(request)
    const path = request.url ?? ''
    got.push({ path, headers: request.headers, body, message: JSON.parse(body) as Got['message'] })
    const status = answer(path, got.filter((each) => each.path === path).length)
    if (status !== undefined) response.writeHead(status).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  base = `http://127.0.0.1:${port}`
  secrets['PATH'] = `${base}/canary-path`
  const connection = await NativeConnection.connect({ address: on.stack.temporalAddress })
  const worker = await Worker.create({
    connection,
    taskQueue: notificationQueue('scripted'),
    activities: createNotificationActivities({
      readSecret: async (name) => secrets[name] ?? '',
      allowed: allowedTargets([`127.0.0.1:${port}`]),
      callFunction: async () => undefined,
      timeoutMs: 150_000,
      userAgent: 'test',
      heartbeatIntervalMs: 1_000,
    }),
    shutdownForceTime: 1_000,
  })
  const running = worker.run()
  stopSending = async () => {
    worker.shutdown()
    await running.catch(() => undefined)
    await connection.close()
  }
})
afterAll(async () => {
  server?.closeAllConnections()
  server?.close()
  await stopSending?.()
  await on?.stop()
})
beforeEach(() => {
  on.api = {}
  got = []
  answer = () => 204
})

const plan = (entries: string, steps = '{ s: { job_type: x } }'): PipelinePlan =>
  planFrom(`name: told\nsteps: ${steps}\nnotify:\n${entries}`)
const hook = (path: string) => `webhook: "${base}${path}", secrets: [KEY]`
const show = (id: string) => on.pipelines().show(id)
const at = (path: string) => got.filter((each) => each.path === path)
const handle = (id: string) => on.stack.client.workflow.getHandle(id)
const refused = () => {
  throw ApplicationFailure.nonRetryable('no', 'http_403')
}
async function delivered(id: string, count = 1) {
  return until(`${count} notifications of ${id} are delivered`, async () => {
    const { deliveries = [] } = await show(id)
    return deliveries.length === count && deliveries.every(({ state }) => state === 'delivered') && deliveries
  })
}

describe('a run that ends', () => {
  it('tells whoever wants to know, signed with each secret, and without outputs', async () => {
    on.api.trigger = refused
    const { id, view } = await on.run(
      plan(`
  - { on: [failed, held], webhook: "\${{ secrets.PATH }}?token=canary", secrets: [KEY, OLD] }
  - { on: [completed], ${hook('/completed')} }
  - { on: [failed], function: page }
`),
    )
    expect(view.status).toBe('failed')
    const deliveries = await delivered(id, 2)
    const [one] = at('/canary-path?token=canary')
    const { headers, body } = one ?? {}
    for (const secret of [secrets['KEY'], secrets['OLD']])
      expect(verifyWebhook({ headers: headers ?? {}, body: body ?? '' }, [secret ?? ''])).toMatchObject({
        id: deliveries[0]?.id,
        type: 'pipeline_run.failed',
        data: {
          id,
          pipeline: 'told',
          status: 'failed',
          schedule: null,
          scheduled_for: null,
          error: 'step s failed: no',
          steps: [{ step: 's', status: 'failed', error: { code: 'http_403', message: 'no' } }],
          more_steps: 0,
        },
      })
    expect(deliveries).toMatchObject([
      { event: 'failed', receiver: '${{ secrets.PATH }}', attempts: 1, error: null },
      { event: 'failed', receiver: 'function page', attempts: 1, error: null },
    ])
    expect(got.map(({ path }) => path)).toEqual(['/canary-path?token=canary'])
  })

  it('is over at once while receivers are dead, slow, or say no; and they are told later, under the same id', async () => {
    answer = (path, times) =>
      path === '/slow' ? undefined : path === '/gone' ? 410 : times === 1 ? 500 : 200
    const { id, view } = await on.run(
      plan(`
  - { on: [completed], ${hook('/slow')} }
  - { on: [completed], ${hook('/twice')} }
  - { on: [completed], ${hook('/gone')} }
  - { on: [completed], webhook: "http://10.255.255.1/", secrets: [KEY] }
`),
    )
    expect(view.status).toBe('completed')
    expect((await handle(id).describe()).status.name).toBe('COMPLETED')
    const states = await until('three are done', async () => {
      const { deliveries = [] } = await show(id)
      const states = deliveries.map(({ state, attempts, error }) => [state, attempts, error])
      return states.filter(([state]) => state !== 'pending').length === 3 && states
    })
    expect(states).toEqual([
      ['pending', 1, null],
      ['delivered', 2, null],
      ['failed', 1, 'the receiver answered 410'],
      [
        'failed',
        1,
        expect.stringMatching(/^the webhook goes to an address that is private; .*notificationTargets/),
      ],
    ])
    const ids = at('/twice').map(({ headers }) => headers['webhook-id'])
    expect(ids).toEqual([ids[0], ids[0]])
  })

  it('is told of once when it is reset, and a sweep finds nothing more to tell', async () => {
    const { id } = await on.run(plan(`  - { on: [completed], ${hook('/reset')} }`))
    await delivered(id)
    const { runId } = await handle(id).describe()
    const { events } = await handle(id).fetchHistory()
    const first = events?.find((event) => event.workflowTaskCompletedEventAttributes)
    await on.stack.client.workflowService.resetWorkflowExecution({
      namespace: 'default',
      workflowExecution: { workflowId: id, runId },
      reason: 'test',
      requestId: id,
      workflowTaskFinishEventId: first?.eventId ?? null,
    })
    await until('it ran again', async () => {
      const now = await handle(id).describe()
      return now.runId !== runId && now.status.name === 'COMPLETED'
    })
    await delivered(id)
    expect(at('/reset')).toHaveLength(1)
  })

  it('by Terminate is told of by the sweep, once', async () => {
    on.api.trigger = async (input) => openRun(input)
    on.api.wait = () => Context.current().cancelled
    const { id } = await on
      .pipelines()
      .start(plan(`  - { on: [failed, completed], ${hook('/terminated')} }`), {})
    await until('it is open', async () => (await show(id)).steps[0]?.status === 'running')
    await handle(id).terminate('test')
    const { runId } = await handle(id).describe()
    const closed = createClosedRuns(on.stack.client, installationNames())
    const sweep = () =>
      inActivity(() => closed.tellFailed({ workflowId: id, runId, closedAtMs: Date.now() }), undefined, {
        taskQueue: 'scripted',
      })
    await sweep()
    await sweep()
    await delivered(id)
    expect(at('/terminated').map(({ message }) => message.data)).toMatchObject([
      { id, status: 'failed', error: 'the workflow was closed from outside (terminated)', steps: [] },
    ])
  })
})

describe('a run that goes on', () => {
  it('tells once that it is late, also as a new execution, and whatever becomes of that', async () => {
    answer = () => 410
    let release: () => void = () => {}
    on.api.trigger = async (input) =>
      input.step === 'open' ? openRun(input) : { phase: 'terminal', record: recordOf(input) }
    on.api.wait = () =>
      Promise.race([
        new Promise<ReturnType<typeof recordOf>>((resolve) => {
          release = () => resolve(recordOf({ step: 'open', item: null, generation: 1 }))
        }),
        Context.current().cancelled,
      ])
    const late = plan(
      `
  - { on: [late, completed], ${hook('/late')}, late: { after: 1ms } }
  - { on: [late], ${hook('/later')}, late: { by: "06:00", timezone: Pacific/Apia } }
`,
      '{ open: { job_type: x }, busy: { for_each: [1, 2, 3, 4, 5, 6], max_parallel: 1, job_type: y } }',
    )
    const { id } = await on.pipelines({ maxHistoryEvents: 20 }).start(late, {})
    const { deliveries } = await until('it was told, and goes on as a new execution', async () => {
      const view = await show(id)
      const isBusy = view.steps.at(-1)?.status !== 'completed'
      return !isBusy && view.deliveries?.[0]?.state === 'failed' && view
    })
    const { runId, raw } = await handle(id).describe()
    expect(runId).not.toBe(raw.workflowExecutionInfo?.firstRunId)
    expect(deliveries).toMatchObject([{ event: 'late', error: 'the receiver answered 410' }])
    release()
    await handle(id).result()
    await until('its end was told', () => at('/late').length === 2)
    expect(got.map(({ path, message }) => [path, message.type])).toEqual([
      ['/late', 'pipeline_run.late'],
      ['/late', 'pipeline_run.completed'],
    ])
    expect(got[0]?.message.data).toMatchObject({
      status: 'running',
      error: expect.stringMatching(/^not over by 20/) as string,
    })
  })

  it('tells each time that it is held', async () => {
    on.api.trigger = async (input) => openRun(input)
    on.api.wait = () => Context.current().cancelled
    const inner = planFrom('name: inner\nsteps: { s: { job_type: x } }')
    const outer = planFrom(
      `name: outer\nsteps: { n: { pipeline: inner } }\nnotify:\n  - { on: [held], ${hook('/held')} }`,
      { inner },
    )
    const { id } = await on.pipelines().start(outer, {})
    await until('the nested run is open', async () => (await show(id)).steps[0]?.status === 'running')
    const child = `${id}.n.1`
    const say = (state: string) => handle(id).signal('nestedRun', { id: child, atMs: Date.now(), state })
    for (const times of [1, 2]) {
      await say('held')
      await delivered(id, times)
      await say('running')
      await until('it goes on', async () => (await show(id)).status === 'running')
    }
    expect(at('/held').map(({ message }) => message.data)).toMatchObject([
      { status: 'held', steps: [{ step: 'n', status: 'held' }] },
      { status: 'held' },
    ])
    expect(new Set(at('/held').map(({ headers }) => headers['webhook-id'])).size).toBe(2)
    await on.pipelines().cancel(id)
  })
})
