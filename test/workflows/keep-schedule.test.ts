// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the marks of our own templates
import { Context } from '@temporalio/activity'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { scheduleMessages as messages } from '../../src/contract/names.ts'
import type { ScheduleView, TickRow } from '../../src/contract/schedules/view.ts'
import type { JobRunRecord } from '../../src/pipeline/index.ts'
import type { ScheduleDefinition } from '../../src/schedule/plan/index.ts'
import { applySchedule, keeperId, ledgerRows, scheduleOf, tellKeeper } from '../helpers/schedules.ts'
import { until } from '../helpers/until.ts'
import { openRun, planFrom, recordOf, type Scripted, startScripted } from './scripted.ts'

let on: Scripted
beforeAll(async () => {
  on = await startScripted()
})
afterAll(() => on?.stop())
beforeEach(() => {
  on.api = {}
  on.triggers.length = 0
})

const inner = planFrom(
  'name: inner\nsteps: { work: { job_type: x, config: { at: "${{ pipeline.scheduled_for }}" } } }',
)
const nightly = planFrom(
  'name: nightly\nsteps: { own: { job_type: x, config: { at: "${{ pipeline.scheduled_for }}" } }, nested: { pipeline: inner } }',
  { inner },
)
const plain = planFrom('name: plain\nsteps: { own: { job_type: x } }')

const apply = (definition: ScheduleDefinition, more = {}) =>
  applySchedule(on.stack.client, 'scripted', definition, more)
const tell = <T = ScheduleView>(definition: ScheduleDefinition, update: string, argument?: unknown) =>
  tellKeeper<T>(on.stack.client, keeperId(definition), update, argument)
const rows = (definition: ScheduleDefinition) => ledgerRows(on.stack.client, keeperId(definition))
const view = (definition: ScheduleDefinition) =>
  on.stack.client.workflow.getHandle(keeperId(definition)).query<ScheduleView>(messages.view)
const outcomes = (found: TickRow[]) => found.map(({ outcome }) => outcome)
const runsOf = (found: TickRow[]) => found.flatMap(({ run }) => run ?? [])

/** Nominal times without a gap: an enumeration that is not the code's. */
function expectEach(found: TickRow[], everyMs: number): void {
  const times = found.map(({ nominal_at }) => Date.parse(nominal_at))
  expect(times.map((at) => at % everyMs)).toEqual(times.map(() => 0))
  expect(times).toEqual(times.map((_, index) => (times[0] ?? 0) + index * everyMs))
}

it('fires each tick once, over several executions, for its nominal time in nested runs as well', async () => {
  const schedule = scheduleOf(nightly, 'nightly', 1_000, {
    overlap: 'allow',
    catchUp: { windowMs: 3_600_000, keep: 'all' },
  })
  await apply(schedule, { maxHistoryEvents: 30 })
  const found = await until('ten ticks', async () => {
    const now = await rows(schedule)
    return now.length >= 10 && now
  })
  await tell(schedule, messages.pause, {})
  expectEach(found, 1_000)
  expect(outcomes(found)).toEqual(found.map(() => 'fired'))
  const [first] = found
  await until(
    'its run',
    async () => on.triggers.filter(({ config }) => config?.['at'] === first?.nominal_at).length === 2,
  )
  const run = await on.pipelines().show(first?.run ?? '')
  expect(run.schedule).toEqual({ name: 'nightly', scheduled_for: first?.nominal_at })
  expect(first?.run).toMatch(/^nightly-\d{8}T\d{6}Z-[0-9a-f]{6}$/)
})

/** Job runs stay open until the test, or a cancel, ends them. */
function openRuns() {
  const ends: (() => void)[] = []
  on.api.trigger = async (input) => openRun(input)
  on.api.wait = () =>
    Promise.race([
      new Promise<JobRunRecord>((resolve) =>
        ends.push(() => resolve(recordOf({ step: 'own', item: null, generation: 1 }))),
      ),
      Context.current().cancelled,
    ])
  on.api.cancel = async (input) => recordOf(input, 'cancelled')
  return ends
}

it('lets ticks wait for the end of an open run, and finds that of a terminated one', async () => {
  openRuns()
  const schedule = scheduleOf(plain, 'queued', 1_000, { overlap: 'queue' })
  await apply(schedule)
  const queued = await until('two in the queue', async () => {
    const now = await view(schedule)
    return now.buffered_at.length >= 2 && now
  })
  const [run = ''] = queued.open_runs
  await on.stack.client.workflow.getHandle(run).terminate('by hand')
  const [next] = queued.buffered_at
  await until('the next one', async () =>
    (await rows(schedule)).find(({ nominal_at, outcome }) => nominal_at === next && outcome === 'fired'),
  )
  const gone = await tell(schedule, messages.delete)
  expect(gone.buffered_at).toEqual([])
  const found = await rows(schedule)
  expectEach(found, 1_000)
  expect(outcomes(found)).toEqual(['fired', 'fired', ...found.slice(2).map(() => 'paused' as const)])
  const { open_runs: open } = await view(schedule)
  expect(open).toHaveLength(1)
  expect((await on.stack.client.workflow.getHandle(open[0] ?? '').describe()).status.name).toBe('RUNNING')
  await on.stack.client.workflow.getHandle(open[0] ?? '').terminate()
  await expect(on.stack.client.schedule.getHandle(keeperId(schedule)).describe()).rejects.toThrow()
})

it('cancels the run before it, and starts when that one is over', async () => {
  openRuns()
  const schedule = scheduleOf(plain, 'latest', 2_000, { overlap: 'cancel_previous' })
  await apply(schedule)
  const found = await until('a second run', async () => {
    const now = (await rows(schedule)).filter(({ outcome }) => outcome === 'fired')
    return now.length >= 2 && now
  })
  await tell(schedule, messages.delete)
  const [first] = runsOf(found)
  expect((await on.stack.client.workflow.getHandle(first ?? '').describe()).status.name).toBe('CANCELLED')
})

it('fires nothing by edits, pauses, resumes and applies, and never loses the pause of a person', async () => {
  const slow = scheduleOf(plain, 'edited', 86_400_000)
  expect(await apply(slow, { paused: true })).toEqual({ revision: 1, changed: [], created: true })
  expect(await apply(slow, { paused: true })).toEqual({ revision: 1, changed: [], created: false })
  expect(await apply(slow)).toEqual({ revision: 2, changed: ['paused'], created: false })
  expect(await tell(slow, messages.pause, { note: 'repairs', by: 'ann' })).toMatchObject({
    paused: true,
    paused_because: 'paused by ann: repairs',
  })
  for (let n = 0; n < 20; n += 1) {
    const edit = scheduleOf(plain, 'edited', n % 2 === 0 ? 1_000 : 86_400_000, { inputs: { n } })
    expect((await apply(edit)).changed).toContain('inputs')
  }
  expect(await view(slow)).toMatchObject({ paused: true, revision: 22, every: '1d' })
  await tell(slow, messages.resume)
  await tell(slow, messages.refresh)
  const before = await rows(slow)
  expect(new Set(outcomes(before))).toEqual(new Set(before.length > 0 ? ['paused'] : []))
  const { run } = await tell<{ run: string }>(slow, messages.trigger, { key: 'abc' })
  await tell(slow, messages.trigger, { key: 'abc' })
  await on.stack.client.workflow.getHandle(run).result()
  await tell(slow, messages.delete)
  const after = await rows(slow)
  expect(runsOf(after)).toEqual([run])
  expect(on.triggers).toHaveLength(1)
})

it('does not make up for what Temporal did not act for, as it was paused by hand', async () => {
  const schedule = scheduleOf(plain, 'by-hand', 1_000, {
    overlap: 'allow',
    catchUp: { windowMs: 3_600_000, keep: 'all' },
  })
  await apply(schedule)
  const handle = on.stack.client.schedule.getHandle(keeperId(schedule))
  await until('a tick', async () => (await rows(schedule)).length > 0)
  await handle.pause('somebody')
  await until('ticks that nobody hears of', async () => {
    const now = await tell(schedule, messages.refresh)
    return now.paused && (await rows(schedule)).filter(({ outcome }) => outcome === 'paused').length > 2
  })
  // An edit does not end that pause.
  await apply({ ...schedule, inputs: { n: 1 } })
  const atMs = Date.now()
  await until('ticks that nobody asks for', () => Date.now() > atMs + 2_500)
  await handle.unpause()
  const found = await until('it goes on', async () => {
    const now = await rows(schedule)
    return now.at(-1)?.outcome === 'fired' && Date.parse(now.at(-1)?.nominal_at ?? '') > atMs && now
  })
  await tell(schedule, messages.delete)
  expectEach(found, 1_000)
  expect(outcomes(found).join(' ')).toMatch(/^(fired )+(paused )+(missed )+(fired ?)+$/)
})

it('refuses another pipeline, and a tick without a keeper says what to do', async () => {
  const schedule = scheduleOf(plain, 'taken', 1_000)
  await apply(schedule)
  await expect(apply({ ...schedule, plan: inner })).rejects.toMatchObject({
    cause: { type: 'schedule_name_taken', message: expect.stringContaining('belongs to pipeline plain') },
  })
  await on.stack.client.workflow.getHandle(keeperId(schedule)).terminate()
  const tick = on.stack.client.workflow.list({
    query: `WorkflowType = 'scheduleTick' AND ExecutionStatus = 'Failed'`,
  })
  await until('a tick that failed', async () => {
    for await (const { workflowId } of tick) if (workflowId.startsWith(keeperId(schedule))) return true
    return false
  })
  expect(await apply(schedule)).toMatchObject({ created: true })
  const isBack = (row: TickRow, index: number, all: TickRow[]) =>
    row.outcome === 'fired' && all.slice(0, index).some(({ outcome }) => outcome === 'missed')
  // With what the one before it left: each time has its row.
  expectEach(
    await until('it goes on', async () => {
      const now = await rows(schedule)
      return now.some(isBack) && now
    }),
    1_000,
  )
  await tell(schedule, messages.pause, { by: 'ann' })
  await on.stack.client.workflow.getHandle(keeperId(schedule)).terminate()
  expect(await apply({ ...schedule, inputs: { n: 1 } })).toMatchObject({ created: true })
  expect(await tell(schedule, messages.refresh)).toMatchObject({
    paused: true,
    paused_because: 'paused by ann',
  })
  await tell(schedule, messages.delete)
  expect(await apply(schedule, { paused: true })).toMatchObject({ created: true, revision: 1 })
  await tell(schedule, messages.delete)
})

it('deleted and applied again, it knows the runs that are open', async () => {
  openRuns()
  const schedule = scheduleOf(plain, 'again', 1_000)
  await apply(schedule)
  const [first] = await until('a run', async () => {
    const now = runsOf(await rows(schedule))
    return now.length > 0 && now
  })
  // The next one finds it by the list.
  await until('it is listed', async () => {
    const query = `WorkflowId = '${keeperId(schedule)}'`
    return (await on.stack.client.workflow.count(query)).count > 0
  })
  await tell(schedule, messages.delete)
  await apply(schedule)
  const found = await until('a tick', async () => {
    const now = await rows(schedule)
    return now.length > 0 && now
  })
  expect(outcomes(found)).toEqual(found.map(() => 'skipped'))
  expect((await view(schedule)).open_runs).toEqual([first])
  await tell(schedule, messages.delete)
})
