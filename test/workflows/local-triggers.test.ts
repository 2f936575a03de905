// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the marks of our own templates
import { Context } from '@temporalio/activity'
import { Worker } from '@temporalio/worker'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { signalNames } from '../../src/contract/names.ts'
import type { JobRunRecord } from '../../src/pipeline/index.ts'
import { seededRandom } from '../../src/testing/seeded.ts'
import { historiesOf, wasHeldUp, workflowTasksOf } from '../helpers/chain.ts'
import { untilOver } from '../helpers/over.ts'
import { until } from '../helpers/until.ts'
import { workflowBundle } from '../helpers/workflow-bundle.ts'
import { openRun, planFrom, recordOf, type Scripted, startScripted } from './scripted.ts'

/** Triggers by local activities, and ends by signals. Whatever a test lets happen is replayed when it is over. */

let on: Scripted
beforeAll(async () => {
  on = await startScripted()
})
afterAll(() => on?.stop())
beforeEach(() => {
  on.api = {}
})

const ran: string[] = []
afterEach(async () => {
  const codePath = await workflowBundle()
  for (const id of ran.splice(0))
    for (const history of await historiesOf(on.stack.client, id))
      await Worker.runReplayHistory({ workflowBundle: { codePath } }, history, id)
})

async function run(...args: Parameters<Scripted['run']>) {
  const ended = await on.run(...args)
  ran.push(ended.id)
  return ended
}

/** Once more where the machine stood still: a local trigger that was late is rightly done by an activity. */
const undisturbed = (attempt: () => ReturnType<typeof run>) =>
  until('a run that nothing held up', async () => {
    const ended = await attempt()
    const [history] = await historiesOf(on.stack.client, ended.id)
    return history !== undefined && !wasHeldUp(history) && { ...ended, history }
  })

const workflowIdNow = () => Context.current().info.workflowExecution?.workflowId ?? ''
const tell = (id: string, ...records: JobRunRecord[]) =>
  on.stack.client.workflow.getHandle(id).signal(signalNames.jobRunsEnded, records)
const chainOf = (count: number) =>
  planFrom(
    `name: p\nsteps:\n${Array.from({ length: count }, (_, i) => `  c${i}: { job_type: x${i > 0 ? `, needs: [c${i - 1}]` : ''} }`).join('\n')}`,
  )
const one = planFrom('name: p\nsteps: { s: { job_type: x } }')
/** Beside its steps: start and end, the connection's profile, the patch, and the lease. */
const ofAll = 5 + 1 + 2 + 1

it('steps whose runs have no length cost one event, and a part of a workflow task', async () => {
  const { view, history } = await undisturbed(() => run(chainOf(12)))
  expect(view.status).toBe('completed')
  expect(history?.events?.length).toBeLessThanOrEqual(ofAll + 6 * 12)
  expect(history?.events?.some((event) => event.activityTaskScheduledEventAttributes)).toBe(false)
})

it.each([
  [
    'more triggers than',
    `{ all: { for_each: [${[...Array(100).keys()].join()}], max_parallel: 100, job_type: x } }`,
    0,
  ],
  ['triggers that take longer than', '{ a: { job_type: x }, b: { needs: [a], job_type: x } }', 200],
])('%s a workflow task has go on in the next one, and wait for no timer', async (_, steps, tookMs) => {
  on.api.quickly = async (input) => ({ phase: 'terminal', record: recordOf(input), tookMs })
  const { view, history } = await undisturbed(() => run(planFrom(`name: p\nsteps: ${steps}`)))
  expect(view.status).toBe('completed')
  expect(history?.events?.filter((event) => event.timerStartedEventAttributes)).toEqual([])
})

it('an end that comes before the answer of its trigger is not lost, and one that comes twice changes nothing', async () => {
  on.api.quickly = async (input) => {
    const record = recordOf(input)
    await tell(workflowIdNow(), record)
    if (input.step !== 'c0') await tell(workflowIdNow(), recordOf({ ...input, step: 'c0' }), record)
    return openRun(input)
  }
  const { view, history } = await undisturbed(() => run(chainOf(3)))
  expect(view.status).toBe('completed')
  expect(history?.events?.some((event) => event.activityTaskScheduledEventAttributes)).toBe(false)
})

it('a run that waits costs its trigger, a signal and a workflow task', async () => {
  on.api.quickly = async (input) => {
    const id = workflowIdNow()
    const isOpen = async () =>
      (await on.pipelines().show(id)).steps.some((s) => s.step === input.step && s.job_run_id)
    void until('it waits', isOpen).then(() => tell(id, recordOf(input)))
    return openRun(input)
  }
  const { view, history } = await undisturbed(() => run(chainOf(4)))
  expect(view.status).toBe('completed')
  expect(history?.events).toHaveLength(ofAll + 5 * 4)
})

it('an end whose signal was lost is found by the lease, with one timer and one look for all', async () => {
  on.api.quickly = async (input) => openRun(input)
  let looks: string[][] = []
  on.api.look = async (runs) => {
    looks.push(runs.map(({ step }) => step))
    return runs.map((open) => ({ jobRunId: open.jobRunId, end: recordOf(open) }))
  }
  const both = planFrom('name: p\nsteps: { a: { job_type: x }, b: { job_type: x } }')
  const { view } = await undisturbed(() => {
    looks = []
    return run(both, { waitLeaseMs: 500 })
  })
  expect(view.status).toBe('completed')
  expect(looks).toEqual([['a', 'b']])
})

it('a step that is out of time while it waits is cancelled', async () => {
  on.api.quickly = async (input) => openRun(input)
  on.api.cancel = async (input) => recordOf(input, 'cancelled')
  const { view } = await run(planFrom('name: p\nsteps: { s: { job_type: x, timeout: 300ms } }'))
  expect(view.steps[0]).toMatchObject({ status: 'failed', error: { code: 'timeout' } })
  expect(on.cancels).toHaveLength(1)
})

it('a cancel that comes while local triggers are under way over two workflow tasks is replayed', async () => {
  on.api.cancel = async (input) => recordOf(input, 'cancelled')
  on.api.quickly = async (input) => {
    const handle = on.stack.client.workflow.getHandle(workflowIdNow())
    // As long as leaves the rest of its workflow task less than the next one may take.
    if (input.step === 'a') await new Promise((resolve) => setTimeout(resolve, 900))
    if (input.step === 'c') {
      await handle.cancel()
      await until('the next workflow task has begun', async () => {
        const { events } = await handle.fetchHistory()
        return (events ?? []).filter((event) => event.workflowTaskStartedEventAttributes).length > 1
      })
    }
    return input.step === 'a' ? { phase: 'terminal', record: recordOf(input) } : openRun(input)
  }
  const steps = '{ a: { job_type: x }, b: { job_type: x, needs: [a] }, c: { job_type: x, needs: [a] } }'
  const { view } = await run(planFrom(`name: p\nsteps: ${steps}`))
  expect(view.status).toBe('cancelled')
})

it('a server that was late once is not waited for again in a workflow task', async () => {
  let asked: string[] = []
  on.api.quickly = async ({ step }) => {
    asked.push(step)
    return { phase: 'unsure', isLate: true }
  }
  const { view } = await undisturbed(() => {
    asked = []
    return run(chainOf(3))
  })
  expect(view.status).toBe('completed')
  expect(asked).toEqual(['c0'])
  expect(on.triggers.map(({ step }) => step)).toEqual(['c0', 'c1', 'c2'])
})

it('a result that is too large is fetched by the other trigger, and the next one is local again', async () => {
  let asked: string[] = []
  on.api.quickly = async ({ step }) => {
    asked.push(step)
    return { phase: 'unsure', isLate: false }
  }
  const { view } = await undisturbed(() => {
    asked = []
    return run(chainOf(2))
  })
  expect(view.status).toBe('completed')
  expect(asked).toEqual(['c0', 'c1'])
})

it('a local trigger that never answers is given up, and its workflow task goes on', async () => {
  on.api.quickly = async (input) =>
    input.step === 'c0' ? Context.current().cancelled : { phase: 'terminal', record: recordOf(input) }
  const { id, view } = await run(chainOf(2))
  expect(view.status).toBe('completed')
  expect(on.triggers.map(({ step }) => step)).toEqual(['c0', 'c1'])
  const [history] = await historiesOf(on.stack.client, id)
  expect(workflowTasksOf(history!).failed).toEqual([])
})

it('a cancel that comes during the trigger is confirmed by the key', async () => {
  on.api.quickly = async (input) => {
    await on.pipelines().cancel(workflowIdNow())
    return openRun(input)
  }
  on.api.cancel = async (input) => recordOf(input, 'cancelled')
  const { view } = await run(one)
  expect(view.status).toBe('cancelled')
  expect(on.cancels).toHaveLength(1)
})

it('runs that are open are told of in the next execution, and nothing is triggered again', async () => {
  const open = new Map<string, JobRunRecord>()
  on.api.quickly = async (input) => {
    if (input.step.startsWith('c')) return { phase: 'terminal', record: recordOf(input) }
    open.set(input.step, recordOf(input))
    return openRun(input)
  }
  const others = planFrom('name: p\nsteps: { a: { job_type: x }, b: { job_type: x } }')
  const plan = { ...others, steps: [...others.steps, ...chainOf(12).steps] }
  const pipelines = on.pipelines({ maxHistoryEvents: 10 })
  const { id } = await pipelines.start(plan, {})
  ran.push(id)
  const first = (await on.stack.client.workflow.getHandle(id).describe()).runId
  await until('another execution', async () => {
    const { runId } = await on.stack.client.workflow.getHandle(id).describe()
    if (runId === first) await tell(id)
    return runId !== first
  })
  for (const record of open.values()) await tell(id, record)
  const view = await untilOver(pipelines, id)
  expect(view.status).toBe('completed')
  expect([...open.keys()]).toEqual(['a', 'b'])
})

it('whatever comes in whatever order, also while a workflow task is prolonged, is replayed as it ran', async () => {
  const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 1e6))
  process.stdout.write(`seed ${seed}\n`)
  const random = seededRandom(seed)
  const upTo = (ms: number) => Math.floor(random() * ms)
  const pauseMs = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
  const mixed = planFrom(`name: p
steps:
  a: { job_type: x, timeout: 900ms, on_failure: continue }
  b: { job_type: x, needs: [a], retry: { attempts: 3, backoff: 100ms }, on_failure: continue }
  c: { job_type: x, needs: [a], timeout: 700ms, retry: { attempts: 2, backoff: 50ms }, on_failure: continue }
  d: { job_type: x, for_each: '\${{ [1, 2, 3, 4, 5, 6] }}', retry: { attempts: 3, backoff: 200ms }, on_failure: continue }
  e: { job_type: x, needs: [d], if: '\${{ always() }}' }
  f: { job_type: x, needs: [b, c], if: '\${{ always() }}', timeout: 1s }
  g: { job_type: x, needs: [f], if: '\${{ always() }}' }
`)
  on.api.quickly = async (input) => {
    const id = workflowIdNow()
    const record = recordOf(input, random() < 0.7 ? 'completed' : 'failed')
    const kind = random()
    await pauseMs(upTo(950))
    if (kind < 0.05) return { phase: 'unsure', isLate: true }
    if (kind < 0.1) return { phase: 'unsure', isLate: false }
    if (kind < 0.5)
      return { phase: 'terminal', record, of: `${input.step}/${input.item ?? '-'}/${input.generation}` }
    void pauseMs(upTo(1_200)).then(() => tell(id, record).catch(() => undefined))
    return { ...openRun(input), of: `${input.step}/${input.item ?? '-'}/${input.generation}` }
  }
  on.api.trigger = async (input) => ({ phase: 'terminal', record: recordOf(input) })
  on.api.cancel = async (input) => recordOf(input, 'cancelled')
  const cancelled = [...Array(4).keys()].map((n) => `cancelled-${seed}-${n}`)
  const cancels = cancelled.map(async (id) => {
    await on.pipelines().start(mixed, {}, { id })
    await pauseMs(upTo(3_000))
    await on.pipelines().cancel(id)
    ran.push(id)
    await on.stack.client.workflow
      .getHandle(id)
      .result()
      .catch(() => undefined)
  })
  const ended = await Promise.all(Array.from({ length: 8 }, () => run(mixed)))
  await Promise.all(cancels)
  // That they replay is seen to after each test; a record that was taken for another step's fails the workflow task.
  for (const { view } of ended) expect(['completed', 'failed']).toContain(view.status)
  expect(ended.flatMap(({ view }) => view.steps).every(({ finished_at }) => finished_at !== null)).toBe(true)
}, 180_000)
