import { type AsyncWorkflowListIterable, WorkflowClient } from '@temporalio/client'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { scheduleMessages, workflowTypes } from '../../src/contract/names.ts'
import { PipelineFindingsError } from '../../src/pipeline/index.ts'
import type { ScheduleRequest, ScheduleSpec, ScheduleState } from '../../src/schedule/plan/index.ts'
import {
  type NewSchedule,
  ScheduleNotFoundError,
  SchedulesClient,
  type SchedulesClientOptions,
} from '../../src/schedules/index.ts'
import { keeperId } from '../helpers/schedules.ts'
import { patientQueryMs } from '../helpers/stack.ts'
import { until } from '../helpers/until.ts'
import { openRun, planFrom, recordOf, type Scripted, startScripted } from '../workflows/scripted.ts'

let on: Scripted
beforeAll(async () => {
  on = await startScripted()
})
afterAll(() => on?.stop())
beforeEach(() => {
  on.api = {}
})

const clientOf = ({ timing, ...options }: SchedulesClientOptions = {}) =>
  new SchedulesClient(on.stack.client, {
    taskQueue: 'scripted',
    timing: { queryTimeoutMs: patientQueryMs, ...timing },
    ...options,
  })

const plan = planFrom(
  'name: sized\ninputs: { size: { type: integer, default: 1 } }\nsteps: { s: { job_type: x } }',
)
const other = planFrom('name: other\nsteps: { s: { job_type: x } }')
const berlin: ScheduleSpec = {
  cron: '30 2 * * *',
  timezone: 'Europe/Berlin',
  dst: { gap: 'next', fold: 'first' },
  jitterMs: 0,
  untilMs: null,
}
const everyMs = (ms: number): ScheduleSpec => {
  const { cron: _, ...rest } = berlin
  return { ...rest, everyMs: ms, timezone: 'UTC' }
}

function requestOf(name: string, more: Partial<ScheduleRequest> = {}): ScheduleRequest {
  return {
    name,
    spec: berlin,
    overlap: 'skip',
    catchUp: { windowMs: 3_600_000, keep: 'last' },
    inputs: {},
    ...more,
  }
}
const scheduleOf = (name: string, more: Partial<ScheduleRequest> = {}): NewSchedule => ({
  pipeline: plan,
  schedule: requestOf(name, more),
})

const runsOf = async (schedule: string) => {
  const runs: string[] = []
  const query = `WorkflowType = '${workflowTypes.runPipeline}' AND JobwrightSchedule = '${schedule}'`
  for await (const { workflowId } of on.stack.client.workflow.list({ query })) runs.push(workflowId)
  return runs
}

test('says what an apply changes before it does it; done again, nothing changes', async () => {
  const schedules = clientOf()
  const planned = await schedules.plan(scheduleOf('nightly'))
  expect(planned).toMatchObject({ change: 'created', dry_run: true, differences: [], next_before: [] })
  expect(planned.next_after).toHaveLength(5)
  await expect(schedules.show('nightly')).rejects.toBeInstanceOf(ScheduleNotFoundError)

  const created = await schedules.apply(scheduleOf('nightly'))
  expect(created).toMatchObject({ change: 'created', dry_run: false, schedule: { revision: 1 } })
  expect(created.schedule?.next_at).toEqual(created.next_after)
  expect(created.schedule?.warnings).toEqual([])
  // Whoever asked is answered when Temporal has it.
  const simulated = await schedules.simulate('nightly', { count: 400 })
  expect(simulated).toMatchObject({ compared: true, differences: [] })
  expect(await schedules.apply(scheduleOf('nightly'))).toMatchObject({ change: 'unchanged', differences: [] })

  const edit = scheduleOf('nightly', { spec: { ...berlin, cron: '0 4 * * *' }, inputs: { size: 3 } })
  const change = await schedules.apply(edit)
  expect(change).toMatchObject({
    change: 'updated',
    differences: [
      { field: 'cron', before: '30 2 * * *', after: '0 4 * * *' },
      { field: 'inputs', before: {}, after: { size: 3 } },
    ],
    next_before: created.next_after,
    schedule: { revision: 2, cron: '0 4 * * *' },
  })
  expect(change.schedule?.next_at).toEqual(change.next_after)
  expect(await schedules.simulate('nightly')).toMatchObject({ compared: true, differences: [] })
  await schedules.delete('nightly')
  await expect(schedules.show('nightly')).rejects.toMatchObject({ code: 'unknown_schedule' })
  expect(await runsOf('nightly')).toEqual([])
})

test('of two who apply at once, one makes it, and neither starts anything', async () => {
  const both = await Promise.all([1, 2].map(() => clientOf().apply(scheduleOf('raced'))))
  expect(both.map(({ change }) => change).toSorted()).toEqual(['created', 'unchanged'])
  expect(both.map(({ schedule }) => schedule?.revision)).toEqual([1, 1])
  const crons = ['0 4 * * *', '0 5 * * *']
  await Promise.all(crons.map((cron) => clientOf().apply(scheduleOf('raced', { spec: { ...berlin, cron } }))))
  expect(await clientOf().simulate('raced')).toMatchObject({ compared: true, differences: [] })
  await clientOf().delete('raced')
})

test('a pause of a person outlives every apply, and one of the file does not', async () => {
  const schedules = clientOf({ owner: { workspace: 'blue', email: 'ada@example.com' } })
  await schedules.apply(scheduleOf('paused', { paused: true }))
  expect(await schedules.show('paused')).toMatchObject({ paused: true, pause_origin: 'file', next_at: [] })
  expect(await schedules.apply(scheduleOf('paused'))).toMatchObject({
    paused: false,
    differences: [{ field: 'paused', before: true, after: false }],
  })
  await schedules.pause('paused', { note: 'repairs' })
  const planned = await schedules.plan(scheduleOf('paused', { inputs: { size: 2 } }))
  expect(planned).toMatchObject({ paused: true, differences: [{ field: 'inputs' }] })
  expect(planned.warnings).toEqual([expect.stringContaining('paused by ada@example.com: repairs')])
  await schedules.apply(scheduleOf('paused', { inputs: { size: 2 } }))
  expect(await schedules.show('paused')).toMatchObject({ paused: true, pause_origin: 'person' })
  expect((await schedules.resume('paused')).next_at).toHaveLength(5)
  await schedules.delete('paused')
})

describe('is refused', () => {
  test.each<[string, string, () => NewSchedule]>([
    [
      'inputs that the pipeline does not take',
      'invalid_inputs',
      () => scheduleOf('bad', { inputs: { size: 'x' } }),
    ],
    ['an `until` that is past', 'until_passed', () => scheduleOf('bad', { spec: { ...berlin, untilMs: 1 } })],
    [
      'a cron of six fields',
      'bad_cron',
      () => scheduleOf('bad', { spec: { ...berlin, cron: '0 0 2 * * *' } }),
    ],
    [
      'a zone that there is not',
      'unknown_timezone',
      () => scheduleOf('bad', { spec: { ...berlin, timezone: 'Europe/Berlim' } }),
    ],
    ['an interval of nothing', 'bad_schedule', () => scheduleOf('bad', { spec: everyMs(0) })],
    ['a name with what parts it from the workspace', 'bad_schedule_name', () => scheduleOf('a/b')],
  ])('%s', async (_what, code, make) => {
    for (const verb of ['plan', 'apply'] as const) {
      const error: unknown = await clientOf()
        [verb](make())
        .catch((reason: unknown) => reason)
      expect(error).toMatchObject({ code, fault: 'usage' })
      if (code === 'invalid_inputs') expect(error).toBeInstanceOf(PipelineFindingsError)
    }
    expect((await clientOf().list()).schedules.map(({ name }) => name)).not.toContain('bad')
  })

  test('another pipeline under its name, and a name that is nearly one', async () => {
    const schedules = clientOf()
    await schedules.apply(scheduleOf('taken'))
    for (const verb of ['plan', 'apply'] as const)
      await expect(schedules[verb]({ ...scheduleOf('taken'), pipeline: other })).rejects.toMatchObject({
        code: 'schedule_name_taken',
        fault: 'refused',
        message: expect.stringContaining('pipeline sized'),
      })
    await until('it is listed', async () => (await schedules.list()).schedules.length > 0)
    await expect(schedules.pause('takn')).rejects.toMatchObject({
      code: 'unknown_schedule',
      fix: 'did you mean `taken`?',
    })
    await schedules.delete('taken')
  })
})

test('to another workspace it does not exist', async () => {
  const ada = clientOf({ owner: { workspace: 'blue', email: 'ada@example.com' } })
  const bob = ada.as({ owner: { workspace: 'green', email: 'bob@example.com' }, workspace: 'green' })
  await ada.apply(scheduleOf('own'))
  for (const ask of [
    () => bob.show('own'),
    () => bob.pause('own'),
    () => bob.trigger('own'),
    () => bob.delete('own'),
    () => bob.ledger('own'),
    () => bob.simulate('own'),
  ])
    await expect(ask()).rejects.toMatchObject({ code: 'unknown_schedule' })
  expect(await bob.apply({ ...scheduleOf('own'), pipeline: other })).toMatchObject({ change: 'created' })
  await until('both are listed', async () => (await bob.list()).schedules.length === 1)
  expect((await bob.list()).schedules).toMatchObject([{ pipeline: 'other', workspace: 'green' }])
  await until('both are listed', async () => (await ada.list()).schedules.length === 1)
  expect((await ada.list()).schedules).toMatchObject([{ pipeline: 'sized', workspace: 'blue' }])
  await Promise.all([ada.delete('own'), bob.delete('own')])
})

test('the ledger has each time once, over executions and after the end', async () => {
  const schedules = clientOf()
  await schedules.apply(scheduleOf('often', { spec: everyMs(1_000), overlap: 'allow' }))
  await until('three times', async () => (await schedules.ledger('often')).length >= 3)
  // An edit makes a new execution of the keeper.
  await schedules.apply(scheduleOf('often', { spec: everyMs(1_000), overlap: 'allow', inputs: { size: 2 } }))
  const middle = new Date()
  await until('more', async () => (await schedules.ledger('often', { from: middle })).length >= 2)
  await schedules.pause('often')
  const { run, existed } = await schedules.trigger('often', { inputs: { size: 7 }, key: 'abc' })
  expect(existed).toBe(false)
  expect(await schedules.trigger('often', { inputs: { size: 7 }, key: 'abc' })).toEqual({
    run,
    existed: true,
  })
  await expect(schedules.trigger('often', { key: 'abc' })).rejects.toMatchObject({ code: 'run_id_reused' })
  // The keeper has nothing to decide any more, and has not seen their ends.
  await until('its runs are over', async () => (await schedules.show('often')).open_runs.length === 0)
  await schedules.delete('often')

  const rows = await schedules.ledger('often')
  const ticks = rows.filter(({ outcome }) => outcome !== 'manual')
  const times = ticks.map(({ nominal_at }) => Date.parse(nominal_at))
  expect(times).toEqual(times.map((_, index) => (times[0] ?? 0) + index * 1_000))
  expect(rows.filter(({ outcome }) => outcome === 'manual').map((row) => row.run)).toEqual([run])
  const fired = await schedules.ledger('often', { outcomes: ['fired'] })
  await until('its runs are listed', async () => (await runsOf('often')).length === fired.length + 1)
  const early = await schedules.ledger('often', { until: middle })
  const late = await schedules.ledger('often', { from: middle })
  expect([...early, ...late]).toEqual(rows)
  expect(early.length * late.length).toBeGreaterThan(0)

  // Of another schedule of that name, the ledger goes on where the other one's ended; so it does where somebody ended its keeper.
  await schedules.apply(scheduleOf('often', { spec: everyMs(86_400_000) }))
  expect(
    await schedules.ledger('often', { until: new Date(Date.parse(rows.at(-1)?.nominal_at ?? '') + 1) }),
  ).toEqual(rows)
  await on.stack.client.workflow.getHandle(keeperId({ name: 'often' })).terminate()
  await expect(schedules.show('often')).rejects.toMatchObject({ code: 'schedule_ended' })
  expect(await schedules.ledger('often', { until: middle })).toEqual(early)
  await schedules.apply(scheduleOf('often', { spec: everyMs(86_400_000) }))
  expect(await schedules.ledger('often', { until: middle })).toEqual(early)
  await expect(schedules.ledger('often', { from: middle, until: middle })).rejects.toMatchObject({
    code: 'empty_range',
  })
})

test('deleted and applied again before lists know it, it knows the runs that are open', async () => {
  const schedules = clientOf()
  on.api.trigger = async (input) => openRun(input)
  const again = scheduleOf('again', { spec: everyMs(1_000) })
  await schedules.apply(again)
  const [first] = await until('a run', async () => {
    const { open_runs } = await schedules.show('again')
    return open_runs.length > 0 && open_runs
  })
  const late = vi.spyOn(WorkflowClient.prototype, 'list').mockImplementation(
    () =>
      (async function* () {
        // Nothing is listed.
      })() as unknown as AsyncWorkflowListIterable,
  )
  try {
    await schedules.delete('again')
    const from = new Date()
    await schedules.apply(again)
    const [tick] = await until('a tick', async () => {
      const rows = await schedules.ledger('again', { from })
      return rows.length > 0 && rows
    })
    expect(tick).toMatchObject({ outcome: 'skipped', run: null })
    expect((await schedules.show('again')).open_runs).toEqual([first])
  } finally {
    late.mockRestore()
  }
  await schedules.delete('again')
  await on.stack.client.workflow.getHandle(first ?? '').terminate()
})

test('warns of no pause that it ends itself: who resumes or applies is answered before Temporal’s schedule is written', async () => {
  const schedules = clientOf()
  const spec = everyMs(86_400_000)
  const daily = scheduleOf('resumed', { spec })
  await schedules.apply(daily)
  const clock = on.stack.client.schedule.getHandle(keeperId({ name: 'resumed' }))
  const isPaused = async (wanted: boolean) =>
    await until(`paused: ${wanted}`, async () => (await clock.describe()).state.paused === wanted)
  const goesOn = { paused: false, paused_because: null, warnings: [] }

  expect(await schedules.pause('resumed')).toMatchObject({ paused: true, warnings: [] })
  await isPaused(true)
  expect(await schedules.resume('resumed')).toMatchObject(goesOn)
  await isPaused(false)

  await schedules.apply(scheduleOf('resumed', { spec, paused: true }))
  await isPaused(true)
  expect((await schedules.apply(daily)).schedule).toMatchObject(goesOn)
  await isPaused(false)

  await clock.pause('by hand')
  expect(await schedules.resume('resumed')).toMatchObject(goesOn)
  await isPaused(false)

  await clock.pause('by hand')
  await schedules.apply(daily)
  await until('the keeper saw it', async () => (await schedules.show('resumed')).paused)
  const resumed = await schedules.resume('resumed')
  expect(resumed).toMatchObject(goesOn)
  expect(resumed.next_at).toHaveLength(5)
  await schedules.delete('resumed')
}, 60_000)

test('says what is amiss: Temporal’s schedule gone, paused by hand; runs longer than the time between', async () => {
  const schedules = clientOf()
  await schedules.apply(scheduleOf('amiss', { spec: everyMs(86_400_000) }))
  const clock = on.stack.client.schedule.getHandle(keeperId({ name: 'amiss' }))
  await clock.pause('by hand')
  await until('it is paused', async () => (await clock.describe()).state.paused)
  expect((await schedules.show('amiss')).warnings).toEqual([expect.stringContaining('paused by hand')])
  await schedules.resume('amiss')
  await until('it goes on', async () => !(await clock.describe()).state.paused)
  const keeper = on.stack.client.workflow.getHandle(keeperId({ name: 'amiss' }))
  const isWritten = async () =>
    (await keeper.query<ScheduleState>(scheduleMessages.state)).clock.syncSinceMs === null
  // One that is about to be written would be made again.
  await until('nothing is to be written', isWritten)
  await clock.delete()
  expect((await schedules.show('amiss')).warnings).toEqual([expect.stringContaining('is gone')])
  const again = await schedules.apply(scheduleOf('amiss', { spec: everyMs(86_400_000) }))
  expect(again).toMatchObject({ change: 'unchanged', schedule: { warnings: [] } })
  await schedules.delete('amiss')

  on.api.trigger = async (input) => {
    await new Promise((resolve) => setTimeout(resolve, 2_500))
    return { phase: 'terminal', record: recordOf(input) }
  }
  await schedules.apply(scheduleOf('slow', { spec: everyMs(1_000), overlap: 'allow' }))
  const slow = await until('a warning', async () => {
    const { warnings } = await schedules.show('slow')
    return warnings.find((warning) => warning.includes('the median'))
  })
  expect(slow).toMatch(/the median of the last \d+ is \d+s, the shortest time between is 1s/)
  await schedules.delete('slow')
}, 60_000)

test('pages of a list go on where they ended', async () => {
  const schedules = clientOf({ owner: { workspace: 'paged', email: 'ada@example.com' } })
  const names = ['c', 'a', 'b']
  for (const name of names) await schedules.apply(scheduleOf(name))
  await until('all are listed', async () => (await schedules.list()).schedules.length === 3)
  const first = await schedules.list({ limit: 2 })
  expect(first.schedules.map(({ name }) => name)).toEqual(['a', 'b'])
  const second = await schedules.list({ limit: 2, cursor: first.nextCursor })
  expect(second.schedules.map(({ name }) => name)).toEqual(['c'])
  expect(second.nextCursor).toBeNull()
  await expect(clientOf().list({ cursor: first.nextCursor })).rejects.toMatchObject({ code: 'bad_cursor' })
  for (const name of names) await schedules.delete(name)
})

test('without a worker it says so, tells what it knows, and waits no longer than it is asked to', async () => {
  const schedules = clientOf({
    taskQueue: 'nobody',
    owner: { workspace: 'lonely', email: 'ada@example.com' },
    timing: { queryTimeoutMs: 1_000 },
  })
  const signal = AbortSignal.timeout(500)
  await expect(schedules.apply(scheduleOf('lonely'), { signal })).rejects.toMatchObject({
    name: 'TimeoutError',
  })
  const id = keeperId({ workspace: 'lonely', name: 'lonely' })
  await on.stack.client.workflow.start(workflowTypes.keepSchedule, {
    workflowId: id,
    taskQueue: 'nobody',
    workflowIdConflictPolicy: 'USE_EXISTING',
    memo: { schedule: 'lonely', pipeline: plan.name, workspace: 'lonely' },
    args: [
      {
        definition: { ...requestOf('lonely'), plan, resolvedInputs: { size: 1 }, workspace: 'lonely' },
        timing: {},
      },
    ],
  })
  const refused = expect(schedules.pause('lonely')).rejects.toMatchObject({
    code: 'no_worker',
    fault: 'unreachable',
  })
  const view = await schedules.show('lonely')
  expect(view).toMatchObject({ cron: '30 2 * * *', pipeline: 'sized' })
  expect(view.warnings.join()).toContain('no worker answers')
  await refused
  await on.stack.client.workflow.getHandle(id).terminate()
}, 60_000)
