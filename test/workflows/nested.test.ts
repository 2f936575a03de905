// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the marks of our own templates
import { ApplicationFailure, Context } from '@temporalio/activity'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createNestedRuns } from '../../src/activities/nested/temporal-nested-runs.ts'
import { createClosedRuns } from '../../src/activities/sweep/closed-runs.ts'
import { sweepNested } from '../../src/activities/sweep/sweep-nested.ts'
import type { Json } from '../../src/base/json.ts'
import { installationNames } from '../../src/contract/names.ts'
import type { JobRunRecord } from '../../src/pipeline/index.ts'
import { inActivity } from '../helpers/in-activity.ts'
import { until } from '../helpers/until.ts'
import { openRun, planFrom, recordOf, type Scripted, startScripted } from './scripted.ts'

let on: Scripted
/** Ends the job runs that wait, by their step. */
let release: Map<string, (record: JobRunRecord) => void>
beforeAll(async () => {
  on = await startScripted()
})
afterAll(() => on?.stop())
beforeEach(() => {
  on.api = {}
  on.triggers.length = 0
  on.cancels.length = 0
  release = new Map()
})

const handle = (id: string) => on.stack.client.workflow.getHandle(id)
const statusOf = async (id: string) => (await handle(id).describe()).status.name
const slot = (value: Json) => ({ value, sizeBytes: JSON.stringify(value).length, inlined: true })
const start = async (plan: ReturnType<typeof planFrom>, options = {}, inputs = {}) =>
  (await on.pipelines(options).start(plan, inputs)).id
const ended = (id: string) =>
  handle(id)
    .result()
    .catch(() => undefined)
const show = (id: string) => on.pipelines().show(id)

/** Job runs stay open until the test, or a cancel, ends them. */
function openRuns(): void {
  on.api.trigger = async (input) => openRun(input)
  on.api.wait = (jobRunId) =>
    Promise.race([
      new Promise<JobRunRecord>((resolve) => release.set(jobRunId, resolve)),
      // Until the worker stops.
      Context.current().cancelled,
    ])
  on.api.cancel = async (input) => recordOf(input, 'cancelled')
}

const inner = planFrom(`
name: inner
inputs: { unit: { type: string, default: pump }, depth: { type: integer, default: 2 } }
steps:
  work: { job_type: x, config: { unit: '\${{ inputs.unit }}', depth: '\${{ inputs.depth }}' } }
outputs: { report: '\${{ steps.work.outputs.report }}' }
`)
const outer = planFrom('name: outer\nsteps: { review: { pipeline: inner } }', { inner })

describe('a step that runs a pipeline', () => {
  it('gives it its inputs and has its outputs, and both runs have a view', async () => {
    on.api.trigger = async (input) => ({
      phase: 'terminal',
      record: recordOf(input, 'completed', { outputs: { report: slot({ config: input.config }) } }),
    })
    const plan = planFrom(
      `
name: outer
steps:
  review: { pipeline: inner, inputs: { unit: fan } }
  after: { needs: [review], job_type: y, config: { got: '\${{ steps.review.outputs.report }}' } }
outputs: { report: '\${{ steps.review.outputs.report.config.depth }}' }
`,
      { inner },
    )
    const { id, view } = await on.run(plan)
    const child = `${id}.review.1`
    expect(view).toMatchObject({ status: 'completed', outputs: { report: 2 } })
    expect(view.steps[0]).toMatchObject({ generation: 1, job_run_id: null, pipeline_run_id: child })
    expect(on.triggers.map(({ step, config }) => [step, config])).toEqual([
      ['work', { unit: 'fan', depth: 2 }],
      ['after', { got: { config: { unit: 'fan', depth: 2 } } }],
    ])
    expect(await show(child)).toMatchObject({ id: child, pipeline: 'inner', status: 'completed' })
    expect(await on.pipelines().inputs(child)).toEqual({ unit: 'fan', depth: 2 })
  })

  it('has a pipeline run for each item, and outputs too large to be carried', async () => {
    on.api.trigger = async (input) => {
      const large = 'x'.repeat(40_000)
      const outputs = { report: slot(`${String(input.config?.['unit'])}${large}`), more: slot(large) }
      return { phase: 'terminal', record: recordOf(input, 'completed', { outputs }) }
    }
    const large = planFrom(`
name: large
inputs: { unit: { type: string } }
steps: { work: { job_type: x, config: { unit: '\${{ inputs.unit }}' } } }
outputs: { more: '\${{ steps.work.outputs.more }}', report: '\${{ steps.work.outputs.report }}' }
`)
    const plan = planFrom(
      `
name: outer
steps:
  each: { for_each: [a, b, c], max_parallel: 2, pipeline: large, inputs: { unit: '\${{ item }}' } }
outputs: { first: '\${{ steps.each.outputs.report.map(r, r.substring(0, 1)) }}' }
`,
      { large },
    )
    const { id, view } = await on.run(plan)
    expect(view).toMatchObject({ status: 'completed', outputs: { first: ['a', 'b', 'c'] } })
    expect(view.steps.map((line) => line.pipeline_run_id)).toEqual([0, 1, 2].map((n) => `${id}.each.${n}.1`))
  })

  it('fails as its pipeline does, and a retry is another pipeline run', async () => {
    on.api.trigger = async (input) => {
      if (on.triggers.length > 1) return { phase: 'terminal', record: recordOf(input) }
      throw ApplicationFailure.nonRetryable('no', 'http_403')
    }
    const plan = planFrom(
      'name: outer\nsteps: { review: { pipeline: inner, retry: { attempts: 2, backoff: 1ms, on: [failed] } } }',
      { inner },
    )
    const { id, view } = await on.run(plan)
    expect(view.steps[0]).toMatchObject({
      status: 'completed',
      generation: 2,
      pipeline_run_id: `${id}.review.2`,
      earlier: [{ pipeline_run_id: `${id}.review.1`, error: { code: 'pipeline_failed' } }],
    })
    expect((await show(`${id}.review.1`)).status).toBe('failed')
  })

  it('refuses inputs that come out wrong, before anything is started', async () => {
    const plan = planFrom(
      'name: outer\ninputs: { any: { type: object } }\nsteps: { review: { pipeline: inner, inputs: { unit: "${{ inputs.any.unit }}" } } }',
      { inner },
    )
    const { view } = await on.run(plan, {}, { any: { unit: 3 } })
    expect(view.steps[0]).toMatchObject({
      status: 'failed',
      error: { code: 'wrong_input', message: expect.stringContaining('input unit of pipeline inner') },
    })
    const strict = planFrom(
      'name: strict\ninputs: { unit: { type: string, schema: { maxLength: 3 } } }\nsteps: { s: { job_type: x } }',
    )
    const { id, view: refused } = await on.run(
      planFrom(
        'name: outer\ninputs: { unit: { type: string } }\nsteps: { review: { pipeline: strict, inputs: { unit: "${{ inputs.unit }}" } } }',
        { strict },
      ),
      {},
      { unit: 'pump' },
    )
    expect(refused.steps[0]).toMatchObject({
      status: 'failed',
      error: {
        code: 'wrong_input',
        message: expect.stringMatching(/input unit of pipeline strict .*3 char/),
      },
    })
    expect(on.triggers).toEqual([])
    await expect(show(`${id}.review.1`)).rejects.toMatchObject({ code: 'unknown_pipeline_run' })
  })
})

describe('no pipeline run is left behind', () => {
  it('by a cancel: it is passed on, and the run closes after the nested one', async () => {
    openRuns()
    const id = await start(outer)
    await until('the job run waits', () => release.size > 0)
    await on.pipelines().cancel(id)
    await ended(id)
    expect(await statusOf(`${id}.review.1`)).toBe('CANCELLED')
    expect(on.cancels).toMatchObject([{ step: 'work', generation: 1 }])
    const view = await show(id)
    expect(view.status).toBe('cancelled')
    expect(view.steps[0]).toMatchObject({ status: 'cancelled', error: null })
  })

  it('by a timeout of the step: it is over before the step is', async () => {
    openRuns()
    const plan = planFrom('name: outer\nsteps: { review: { pipeline: inner, timeout: 1s } }', { inner })
    const { id, view } = await on.run(plan)
    expect(view.steps[0]).toMatchObject({ status: 'failed', error: { code: 'timeout' } })
    expect(await statusOf(`${id}.review.1`)).toBe('CANCELLED')
  })

  it('by a start that is on its way when the run is cancelled: its id is barred', async () => {
    let isSent: () => void = () => {}
    const held = new Promise<void>((resolve) => {
      isSent = resolve
    })
    let begun = 0
    let late: unknown
    on.api.nested = async (startNow) => {
      begun += 1
      await held
      const result = await startNow()
      late = result
      return result
    }
    const id = await start(outer)
    await until('the start is under way', () => begun > 0)
    await on.pipelines().cancel(id)
    await ended(id)
    isSent()
    await until('it has come too late', () => late)
    expect(late).toMatchObject({ phase: 'terminal' })
    await expect(show(`${id}.review.1`)).rejects.toMatchObject({ code: 'unknown_pipeline_run' })
    const listed = async () => (await on.pipelines().list({ nested: true })).runs.map((run) => run.id)
    await until('the run is listed', async () => (await listed()).includes(id))
    expect(await listed()).not.toContain(`${id}.review.1`)
    expect(on.triggers).toEqual([])
  })

  it('by Terminate: a sweep cancels it, and looks until it is over', async () => {
    openRuns()
    const id = await start(outer)
    await until('the job run waits', () => release.size > 0)
    const { runId } = await handle(id).describe()
    await handle(id).terminate('test')
    const closed = createClosedRuns(on.stack.client, installationNames())
    const remains = await closed.remainsOf({ workflowId: id, runId, closedAtMs: Date.now() })
    expect(remains?.nested).toMatchObject([{ id: `${id}.review.1`, parent: { id, step: 'review' } }])
    const run = { workflowId: id, runId, closedAtMs: Date.now() }
    const sweep = () =>
      inActivity(
        () => sweepNested(createNestedRuns(on.stack.client), run, remains?.nested ?? [], 'cancel'),
        undefined,
        { taskQueue: 'scripted' },
      )
    expect(await sweep()).toMatchObject({
      isDone: false,
      found: [{ nestedRunId: `${id}.review.1`, outcome: 'cancelling' }],
    })
    await ended(`${id}.review.1`)
    expect(await statusOf(`${id}.review.1`)).toBe('CANCELLED')
    expect(await sweep()).toEqual({ isDone: true, found: [] })
  })
})

describe('a nested pipeline run', () => {
  it('that was closed from outside fails its step, which is not run again beside what it may have left', async () => {
    openRuns()
    const plan = planFrom(
      'name: outer\nsteps: { review: { pipeline: inner, retry: { attempts: 3, backoff: 1ms } } }',
      { inner },
    )
    const id = await start(plan)
    await until('the job run waits', () => release.size > 0)
    await handle(`${id}.review.1`).terminate('test')
    await ended(id)
    expect((await show(id)).steps[0]).toMatchObject({
      status: 'failed',
      generation: 1,
      error: { code: 'pipeline_run_closed' },
    })
  })

  it('that was cancelled by its own id cancels its step', async () => {
    openRuns()
    const id = await start(outer)
    await until('the job run waits', () => release.size > 0)
    await on.pipelines().cancel(`${id}.review.1`)
    await ended(id)
    expect((await show(id)).steps[0]).toMatchObject({ status: 'cancelled', error: { code: 'run_cancelled' } })
  })
})

describe('a pipeline run that goes on as a new execution', () => {
  it('goes on with the nested runs that are open', async () => {
    openRuns()
    const plan = planFrom(
      `
name: outer
steps:
  review: { pipeline: inner }
  busy: { for_each: [1, 2, 3, 4, 5, 6], max_parallel: 1, job_type: y }
`,
      { inner },
    )
    const waiting = on.api.trigger
    on.api.trigger = async (input) =>
      input.step === 'work' && waiting ? waiting(input) : { phase: 'terminal', record: recordOf(input) }
    const id = await start(plan, { maxHistoryEvents: 20 })
    await until('the other step is over', async () => {
      const { steps } = await show(id)
      return steps.at(-1)?.step === 'busy' && steps.at(-1)?.status === 'completed'
    })
    const { runId } = await handle(id).describe()
    const history = await handle(id).fetchHistory()
    expect(history.events?.[0]?.workflowExecutionStartedEventAttributes?.firstExecutionRunId).not.toBe(runId)
    expect(await statusOf(`${id}.review.1`)).toBe('RUNNING')
    for (const [run, end] of release)
      end(recordOf({ step: 'work', item: null, generation: 1 }, 'completed', { jobRunId: run }))
    await ended(id)
    expect((await show(id)).status).toBe('completed')
    expect(on.triggers.filter(({ step }) => step === 'work')).toHaveLength(1)
  })
})

describe('a reset of the outer run', () => {
  const plan = planFrom(
    `
name: outer
steps:
  review: { pipeline: inner }
  after: { needs: [review], job_type: y, config: { got: '\${{ steps.review.outputs.report }}' } }
outputs: { report: '\${{ steps.review.outputs.report }}' }
`,
    { inner },
  )
  type HistoryEvent = NonNullable<
    Awaited<ReturnType<ReturnType<typeof handle>['fetchHistory']>>['events']
  >[number]
  /** To the workflow task that is the last for which `isBefore` is true. */
  async function reset(id: string, isBefore: (event: HistoryEvent) => boolean): Promise<void> {
    const { runId } = await handle(id).describe()
    const { events = [] } = await handle(id).fetchHistory()
    const end = (events ?? []).findIndex((event) => !isBefore(event))
    const task = (events ?? [])
      .slice(0, end === -1 ? undefined : end)
      .findLast((event) => event.workflowTaskCompletedEventAttributes)
    await on.stack.client.workflowService.resetWorkflowExecution({
      namespace: 'default',
      workflowExecution: { workflowId: id, runId },
      reason: 'test',
      requestId: `${id}-${task?.eventId}`,
      workflowTaskFinishEventId: task?.eventId ?? null,
    })
  }
  const activityOf = (event: HistoryEvent) =>
    event.activityTaskScheduledEventAttributes?.activityType?.name ?? ''
  const endWork = () => {
    const outputs = { report: slot('done') }
    for (const [run, end] of release)
      end(recordOf({ step: 'work', item: null, generation: 1 }, 'completed', { jobRunId: run, outputs }))
  }
  const triggered = (step: string) => on.triggers.filter((input) => input.step === step)

  it('to before the step was started finds the pipeline run that is open', async () => {
    openRuns()
    const id = await start(plan)
    await until('the job run waits', () => release.size > 0)
    const child = await handle(`${id}.review.1`).describe()
    // Its first task: no step was started.
    let tasks = 0
    await reset(id, (event) => {
      if (event.workflowTaskCompletedEventAttributes) tasks += 1
      return tasks <= 1
    })
    await until('the step is started again', async () =>
      ((await handle(id).fetchHistory()).events ?? []).some(
        (event) => activityOf(event) === 'awaitNestedRun',
      ),
    )
    on.api.trigger = async (input) => ({ phase: 'terminal', record: recordOf(input) })
    endWork()
    await ended(id)
    expect(await show(id)).toMatchObject({ status: 'completed', outputs: { report: 'done' } })
    expect((await handle(`${id}.review.1`).describe()).runId).toBe(child.runId)
    expect([triggered('work').length, triggered('after').length]).toEqual([1, 1])
    expect(on.cancels).toEqual([])
  })

  it('to before it was started, after all has ended, takes what the pipeline run gave', async () => {
    on.api.trigger = async (input) => ({
      phase: 'terminal',
      record: recordOf(input, 'completed', { outputs: { report: slot('done') } }),
    })
    const { id } = await on.run(plan)
    let tasks = 0
    await reset(id, (event) => {
      if (event.workflowTaskCompletedEventAttributes) tasks += 1
      return tasks <= 1
    })
    await ended(id)
    expect(await show(id)).toMatchObject({ status: 'completed', outputs: { report: 'done' } })
    expect(triggered('work')).toHaveLength(1)
    // Under the same key, and so the same run.
    const [first, second] = triggered('after')
    expect(second).toEqual(first)
  })

  it('to after it ended starts nothing of it', async () => {
    openRuns()
    const id = await start(plan)
    await until('the job run waits', () => release.size > 0)
    endWork()
    await until('the step after it waits', () => triggered('after').length === 1 && release.size > 1)
    await reset(id, (event) => activityOf(event) !== 'awaitJobRun')
    on.api.trigger = async (input) => ({ phase: 'terminal', record: recordOf(input) })
    on.api.wait = async (jobRunId) =>
      recordOf({ step: 'after', item: null, generation: 1 }, 'completed', { jobRunId })
    for (const [, end] of release) end(recordOf({ step: 'after', item: null, generation: 1 }, 'completed'))
    await ended(id)
    expect(await show(id)).toMatchObject({ status: 'completed', outputs: { report: 'done' } })
    expect(triggered('work')).toHaveLength(1)
    const started = ((await handle(id).fetchHistory()).events ?? []).map(activityOf)
    expect(started.filter((name) => name === 'startNestedRun')).toHaveLength(1)
  })
})
