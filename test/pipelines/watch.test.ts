import { ApplicationFailure } from '@temporalio/activity'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { PipelineRunView } from '../../src/pipelines/index.ts'
import { PipelinesClient, type PipelinesClientOptions } from '../../src/pipelines/index.ts'
import { type CountedTemporal, connectCounted } from '../helpers/counted-temporal.ts'
import { patientQueryMs } from '../helpers/stack.ts'
import { until } from '../helpers/until.ts'
import { openRun, planFrom, recordOf, type Scripted, startScripted } from '../workflows/scripted.ts'

let on: Scripted
let temporal: CountedTemporal
beforeAll(async () => {
  on = await startScripted()
  temporal = await connectCounted(on.stack.temporalAddress)
})
afterAll(async () => {
  await temporal?.close()
  await on?.stop()
})

/** Ends what waits; each wait goes on until then. */
let release: (step: string) => void
beforeEach(() => {
  const gates = new Map<string, PromiseWithResolvers<void>>()
  const gateOf = (step: string) => {
    const gate = gates.get(step) ?? Promise.withResolvers<void>()
    gates.set(step, gate)
    return gate
  }
  release = (step) => gateOf(step).resolve()
  on.api = {
    trigger: async (input) => openRun(input),
    async wait(jobRunId) {
      const [, step = '', item, generation] = /^run-(\w+)-(\d+)-(\d+)$/.exec(jobRunId) ?? []
      await gateOf(step).promise
      return recordOf({ step, item: Number(item), generation: Number(generation) })
    },
    cancel: async (input) => recordOf(input, 'cancelled'),
  }
  temporal.calls.clear()
})

const timing = { queryTimeoutMs: patientQueryMs, stepHeartbeatMs: 60_000 }
const clientOf = (options: PipelinesClientOptions = {}) =>
  new PipelinesClient(temporal.client, { taskQueue: 'scripted', timing, ...options })
const openPolls = () => temporal.open.get('GetWorkflowExecutionHistory') ?? 0
const callsOf = (method: string) => temporal.calls.get(method) ?? 0
const plan = planFrom('name: p\nsteps: { a: { job_type: x }, b: { job_type: x, needs: [a] } }')

/** Views as they come, the last one of them in `last`. */
function watching(pipelines: PipelinesClient, id: string, signal?: AbortSignal) {
  const views: PipelineRunView[] = []
  const done = (async () => {
    for await (const view of pipelines.watch(id, { signal })) views.push(view)
  })()
  return {
    views,
    done,
    statusOf: (step: string) => views.at(-1)?.steps.find((line) => line.step === step)?.status,
  }
}

async function startRun(pipelines: PipelinesClient, text = plan): Promise<string> {
  return (await pipelines.start(text, {})).id
}

test('when the connection is let go, who looks or waits is told, and nothing is listened to', async () => {
  const closing = new AbortController()
  const pipelines = clientOf({ closing: closing.signal })
  const run = await pipelines.start(plan, {})
  const viewer = watching(pipelines, run.id)
  const result = run.result()
  const ends = Promise.allSettled([viewer.done, result])
  await until('one listens', () => openPolls() === 1)
  closing.abort(new Error('let go'))
  const rejected = { status: 'rejected', reason: new Error('let go') }
  expect(await ends).toEqual([rejected, rejected])
  await until('nobody listens', () => openPolls() === 0)
  await expect(watching(pipelines, run.id).done).rejects.toThrow('let go')
  for (const step of ['a', 'b']) release(step)
  await clientOf().get(run.id).result()
})

test('all who look at a run share one watcher, and all see the last view', async () => {
  const pipelines = clientOf()
  const id = await startRun(pipelines)
  const viewers = Array.from({ length: 50 }, () => watching(pipelines, id))
  for (const viewer of viewers) await until('it waits', () => viewer.statusOf('a') === 'running')
  await until('one listens', () => openPolls() === 1)
  release('a')
  for (const viewer of viewers) await until('it waits', () => viewer.statusOf('b') === 'running')
  await until('one listens', () => openPolls() === 1)
  release('b')
  await Promise.all(viewers.map(({ done }) => done))
  for (const { views } of viewers) expect(views.at(-1)).toMatchObject({ status: 'completed' })
  // One query for each time that the workflow worked at most, and one for each look between; not one for each viewer.
  const { events } = await on.stack.client.workflow.getHandle(id).fetchHistory()
  const worked = events?.filter((event) => event.workflowTaskCompletedEventAttributes).length ?? 0
  expect(callsOf('QueryWorkflow')).toBeLessThanOrEqual(worked + callsOf('DescribeWorkflowExecution'))
  expect(callsOf('DescribeWorkflowExecution')).toBeLessThan(50)
  await until('nobody listens', () => openPolls() === 0)
})

test('a signal ends the viewing at once, and the last who leaves ends the watcher', async () => {
  const pipelines = clientOf()
  const id = await startRun(pipelines)
  const [first, second] = [new AbortController(), new AbortController()]
  const [one, other] = [watching(pipelines, id, first.signal), watching(pipelines, id, second.signal)]
  await until('both wait', () => one.statusOf('a') === 'running' && other.statusOf('a') === 'running')
  await until('one listens', () => openPolls() === 1)
  first.abort()
  await one.done
  await until('one listens', () => openPolls() === 1)
  second.abort()
  await other.done
  await until('nobody listens', () => openPolls() === 0)
  const calls = [...temporal.calls.values()]
  release('a')
  await until(
    'the run goes on',
    async () => (await on.stack.pipelines.show(id)).steps[1]?.status === 'running',
  )
  expect([...temporal.calls.values()], 'nobody looks').toEqual(calls)
  release('b')
})

test('a slow viewer gets the latest view, and one who comes late the present one', async () => {
  const pipelines = clientOf()
  const id = await startRun(pipelines)
  const slow = pipelines.watch(id)
  const seen = (await slow.next()).value
  const quick = watching(pipelines, id)
  release('a')
  await until('it goes on', () => quick.statusOf('b') === 'running')
  const late = (await pipelines.watch(id).next()).value
  release('b')
  await quick.done
  const { value: last } = await slow.next()
  expect(late).toMatchObject({ status: 'running', steps: [{ status: 'completed' }, { status: 'running' }] })
  expect(last).toEqual(quick.views.at(-1))
  expect(last?.seq).toBeGreaterThan(seen?.seq ?? 0)
  expect(await slow.next()).toEqual({ value: undefined, done: true })
})

test('whoever knows the present view is not told it again', async () => {
  const pipelines = clientOf()
  const id = await startRun(pipelines)
  const first = watching(pipelines, id)
  await until('it waits', () => first.statusOf('a') === 'running')
  const { seq = 0 } = first.views.at(-1) ?? {}
  const resumed = pipelines.watch(id, { sinceSeq: seq })
  const next = resumed.next()
  release('a')
  expect((await next).value?.seq).toBeGreaterThan(seq)
  await resumed.return()
  release('b')
  await first.done
  const over = first.views.at(-1)
  expect((await pipelines.watch(id, { sinceSeq: over?.seq }).next()).value).toEqual(over)
})

test('lines that differ between two views have a higher count, in retries, lists and later executions', async () => {
  let tries = 0
  on.api.wait = async (jobRunId) => {
    const [, step = '', item, generation] = /^run-(\w+)-(\d+)-(\d+)$/.exec(jobRunId) ?? []
    tries += 1
    return recordOf(
      { step, item: Number(item), generation: Number(generation) },
      step === 'b' && generation === '1' ? 'failed' : 'completed',
    )
  }
  const steps = Array.from(
    { length: 6 },
    (_, i) => `c${i}: { job_type: x, needs: [${i ? `c${i - 1}` : 'b'}] }`,
  )
  const wide = planFrom(
    `name: p\nsteps:\n  a: { job_type: x, for_each: [1, 2, 3, 4, 5], max_parallel: 2 }\n  b: { job_type: x, needs: [a], retry: { attempts: 2, backoff: 100ms } }\n  ${steps.join('\n  ')}`,
  )
  const pipelines = clientOf({ timing: { maxHistoryEvents: 40 } })
  const id = await startRun(pipelines, wide)
  const { firstRunId } =
    (await on.stack.client.workflow.getHandle(id).describe()).raw.workflowExecutionInfo ?? {}
  const { views, done } = watching(pipelines, id)
  await done
  expect((await on.stack.client.workflow.getHandle(id).describe()).runId).not.toBe(firstRunId)
  expect(tries).toBe(13)
  for (const [index, view] of views.entries()) {
    const before = views[index - 1]
    const earlier = new Map(before?.steps.map((line) => [`${line.step}/${line.item}`, line]))
    for (const line of view.steps) {
      const was = earlier.get(`${line.step}/${line.item}`)
      if (JSON.stringify(was) === JSON.stringify(line)) continue
      expect(line.seq).toBeGreaterThan(was?.seq ?? 0)
      if (before) expect(line.seq).toBeGreaterThan(before.seq)
    }
    expect(view.seq).toBeGreaterThanOrEqual(Math.max(...view.steps.map(({ seq }) => seq)))
  }
})

describe('without news of the history', () => {
  test('a run that nobody could listen to is seen to its end', async () => {
    const pipelines = clientOf({ historyPolls: 1 })
    const [one, other] = [await startRun(pipelines), await startRun(pipelines)]
    const both = [watching(pipelines, one), watching(pipelines, other)]
    for (const viewer of both) await until('it waits', () => viewer.statusOf('a') === 'running')
    await until('one listens', () => openPolls() === 1)
    release('a')
    release('b')
    await Promise.all(both.map(({ done }) => done))
    expect(both.map(({ views }) => views.at(-1)?.status)).toEqual(['completed', 'completed'])
  })

  test('what keeps a step from going on is seen', async () => {
    on.api.trigger = async () => {
      throw ApplicationFailure.retryable('the API is away', 'unreachable')
    }
    const pipelines = clientOf()
    const id = await startRun(pipelines)
    const { views, done } = watching(pipelines, id)
    await until('it is told', () => views.at(-1)?.warnings.join().includes('the API is away'))
    on.api.trigger = async (input) => ({ phase: 'terminal', record: recordOf(input) })
    await done
    expect(views.at(-1)).toMatchObject({ status: 'completed', warnings: [] })
  })
})

test.each(['terminated', 'reset'])('a run that is %s from outside is watched on to its end', async (how) => {
  const pipelines = clientOf()
  const id = await startRun(pipelines)
  const { views, done, statusOf } = watching(pipelines, id)
  await until('it waits', () => statusOf('a') === 'running')
  const handle = on.stack.client.workflow.getHandle(id)
  if (how === 'terminated') await handle.terminate()
  else {
    const { events } = await handle.fetchHistory()
    const first = events?.find((event) => event.workflowTaskCompletedEventAttributes)
    await on.stack.client.workflowService.resetWorkflowExecution({
      namespace: 'default',
      workflowExecution: { workflowId: id, runId: (await handle.describe()).runId },
      workflowTaskFinishEventId: first?.eventId ?? null,
      requestId: id,
      reason: 'test',
    })
    release('a')
    release('b')
  }
  await done
  expect(views.at(-1)).toMatchObject({ status: how === 'terminated' ? 'failed' : 'completed' })
  expect(views.at(-1)?.finished_at).not.toBeNull()
})

test('an outage of Temporal is outlasted', async () => {
  const pipelines = clientOf()
  const id = await startRun(pipelines)
  const { views, done, statusOf } = watching(pipelines, id)
  await until('it waits', () => statusOf('a') === 'running')
  await on.stack.kill('temporal')
  release('a')
  await on.stack.start('temporal')
  await until('it goes on', () => statusOf('b') === 'running')
  release('b')
  await done
  expect(views.at(-1)).toMatchObject({ status: 'completed' })
})
