// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the marks of our own templates
import { ApplicationFailure, Context } from '@temporalio/activity'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { historiesOf, wasHeldUp, workflowTasksOf } from '../helpers/chain.ts'
import { untilOver } from '../helpers/over.ts'
import { until } from '../helpers/until.ts'
import { openRun, planFrom, recordOf, type Scripted, type ScriptedApi, startScripted } from './scripted.ts'

let on: Scripted
beforeAll(async () => {
  // Nothing is killed: a workflow task that waits for a busy worker has not timed out.
  on = await startScripted(undefined, 60_000)
})
afterAll(() => on?.stop())
beforeEach(() => {
  on.api = {}
})

const refused = (code: string) => ApplicationFailure.nonRetryable(`no: ${code}`, code)
const lookRefused: ScriptedApi['look'] = async (runs) =>
  runs.map(({ jobRunId }) => ({ jobRunId, end: { refused: { code: 'http_403', message: 'no' } } }))
/** Until the worker stops. */
const never = () => Context.current().cancelled

async function executions(id: string): Promise<number> {
  const handle = on.stack.client.workflow.getHandle(id)
  const { runId } = await handle.describe()
  const history = await handle.fetchHistory()
  const started = history.events?.[0]?.workflowExecutionStartedEventAttributes
  return started?.firstExecutionRunId === runId ? 1 : 2
}

describe('a remote run is never left behind', () => {
  it('when its wait is refused: it is cancelled before the step counts as failed', async () => {
    on.api.trigger = async (input) => openRun(input)
    on.api.look = lookRefused
    on.api.cancel = async (input) => recordOf(input, 'cancelled')
    const { view } = await on.run(planFrom('name: p\nsteps: { s: { job_type: x } }'), { waitLeaseMs: 100 })
    expect(view.steps[0]).toMatchObject({ status: 'failed', error: { code: 'http_403' } })
    expect(on.cancels).toMatchObject([{ step: 's', generation: 1 }])
  })

  it('when it completed before that: then the step is completed', async () => {
    on.api.trigger = async (input) => openRun(input)
    on.api.look = lookRefused
    on.api.cancel = async (input) => recordOf(input)
    const { view } = await on.run(planFrom('name: p\nsteps: { s: { job_type: x } }'), { waitLeaseMs: 100 })
    expect(view.steps[0]).toMatchObject({ status: 'completed', error: null })
  })

  it('when its trigger is refused on a later attempt, and the cancel is refused as well', async () => {
    on.api.trigger = async () => {
      throw refused('invalid_config')
    }
    on.api.cancel = async () => {
      throw refused('http_404')
    }
    const { view } = await on.run(planFrom('name: p\nsteps: { s: { job_type: x } }'))
    expect(view.steps[0]).toMatchObject({ status: 'failed', error: { code: 'invalid_config' } })
    expect(on.cancels).toHaveLength(1)
  })
})

describe('what a run carries stays within the limits of Temporal', () => {
  it('starts wide items with large configs in portions', async () => {
    const plan = planFrom(
      'name: p\ninputs: { list: { type: array }, text: { type: string } }\nsteps: { s: { job_type: x, for_each: "${{ inputs.list }}", max_parallel: 100, config: { text: "${{ inputs.text }}" } } }',
    )
    const { view } = await on.run(
      plan,
      {},
      { list: Array.from({ length: 45 }, (_, i) => i), text: 'x'.repeat(110_000) },
    )
    expect(view.status).toBe('completed')
    expect(new Set(on.triggers.map(({ item }) => item)).size).toBe(45)
  })

  it('gets on when the values that its expressions read are larger than a history should be', async () => {
    const big = 'y'.repeat(1_000_000)
    on.api.trigger = async (input) => ({
      phase: 'terminal',
      record: recordOf(input, 'completed', {
        outputs: { big: { jobRunId: recordOf(input).jobRunId, sizeBytes: big.length, inlined: false } },
      }),
    })
    let fetched = 0
    on.api.read = async (outputs) => {
      fetched += outputs.length
      return outputs.map(() => big)
    }
    const plan = planFrom(
      'name: p\nsteps:\n  a: { job_type: x, for_each: [1, 2, 3, 4, 5, 6] }\n  b: { needs: [a], job_type: x, for_each: [1, 2, 3, 4], max_parallel: 4, config: { n: "${{ size(steps.a.outputs.big[0]) + item }}" } }',
    )
    const { view } = await on.run(plan)
    expect(view.status).toBe('completed')
    expect(on.triggers).toHaveLength(10)
    expect(fetched).toBe(6)
  })

  it('leaves out an output by its bytes, not by its characters', async () => {
    const plan = planFrom(
      'name: p\ninputs: { text: { type: string } }\nsteps: { s: { job_type: x } }\noutputs: { a: "${{ inputs.text + inputs.text + inputs.text + inputs.text }}" }',
    )
    const { view } = await on.run(plan, {}, { text: '漢'.repeat(170_000) })
    expect(view.status).toBe('completed')
    expect(view.warnings.join()).toContain('output a was left out')
  })

  it('keeps the view of many failed items, with shorter messages', async () => {
    on.api.trigger = async (input) => ({
      phase: 'terminal',
      record: recordOf(input, 'failed', { error: { code: 'bad', message: 'm'.repeat(6_000) } }),
    })
    const plan = planFrom(
      'name: p\ninputs: { list: { type: array } }\nsteps: { s: { job_type: x, for_each: "${{ inputs.list }}", max_parallel: 500, on_failure: continue } }',
    )
    const { view } = await on.run(plan, {}, { list: Array.from({ length: 400 }, (_, i) => i) })
    expect(view.status).toBe('completed')
    expect(view.steps.map((step) => step.status)).toEqual(Array.from({ length: 400 }, () => 'failed'))
  })

  it('refuses more items than a run can carry', async () => {
    const plan = planFrom(
      'name: p\ninputs: { list: { type: array } }\nsteps: { s: { job_type: x, for_each: "${{ inputs.list }}" } }',
    )
    const { view } = await on.run(plan, {}, { list: Array.from({ length: 12_001 }, (_, i) => i) })
    expect(view.steps[0]).toMatchObject({ status: 'failed', error: { code: 'for_each_too_long' } })
  })

  it('spreads costly expressions over several workflow tasks', async () => {
    const plan = planFrom(
      'name: p\ninputs: { list: { type: array } }\nsteps: { s: { job_type: x, for_each: "${{ inputs.list }}", max_parallel: 500, config: { n: "${{ inputs.list.map(x, inputs.list.filter(y, y.id == x.id).size()).size() }}" } } }',
    )
    const list = Array.from({ length: 75 }, (_, id) => ({ id }))
    const { id, view } = await on.run(plan, {}, { list })
    expect(view.status).toBe('completed')
    const { events } = await on.stack.client.workflow.getHandle(id).fetchHistory()
    const activities = events?.flatMap((event) => event.activityTaskScheduledEventAttributes ?? [])
    expect(activities?.map(({ activityType }) => activityType?.name)).toContain('beginWorkflowTask')
  })
})

describe('three wide fans', () => {
  const fans = planFrom(
    `name: fans\ninputs: { n: { type: array } }\nsteps:\n${['a', 'b', 'c']
      .map((id) => `  ${id}: { for_each: "\${{ inputs.n }}", max_parallel: 500, job_type: x }`)
      .join('\n')}`,
  )
  const n = Array.from({ length: 120 }, (_, index) => index)

  it('fail no workflow task, over several executions, and have few triggers under way at once', async () => {
    let underWay = 0
    let most = 0
    on.api.trigger = async (input) => {
      underWay += 1
      most = Math.max(most, underWay)
      await new Promise(setImmediate)
      underWay -= 1
      return input.item === 7 ? openRun(input) : { phase: 'terminal', record: recordOf(input) }
    }
    on.api.wait = async (jobRunId) => {
      const [, step = '', item, generation] = jobRunId.split('-')
      return recordOf({ step, item: Number(item), generation: Number(generation) })
    }
    const { id, view } = await on.run(fans, { maxHistoryEvents: 400 }, { n })
    expect(view.status).toBe('completed')
    expect(view.steps.filter(({ status }) => status === 'completed')).toHaveLength(360)
    expect(on.triggers).toHaveLength(360)
    expect(most).toBeLessThanOrEqual(32)
    const tasks = (await historiesOf(on.stack.client, id)).map(workflowTasksOf)
    expect(tasks.length).toBeGreaterThan(2)
    expect(tasks.flatMap(({ failed }) => failed)).toEqual([])
    expect(tasks.map(({ timedOut }) => timedOut)).toEqual(tasks.map(() => 0))
  })

  it('are cancelled whole, little by little, though some runs take their time', async () => {
    let underWay = 0
    let most = 0
    on.api.trigger = async (input) => openRun(input)
    on.api.wait = () => never()
    on.api.cancel = async (input) => {
      underWay += 1
      most = Math.max(most, underWay)
      // The first ones end when all have been asked to.
      if ((input.item ?? 0) < 40) await until('all are cancelled', () => on.cancels.length >= 240)
      underWay -= 1
      return recordOf(input, 'cancelled')
    }
    on.triggers.length = 0
    on.cancels.length = 0
    const plan = { ...fans, steps: fans.steps.slice(0, 2) }
    const pipelines = on.pipelines()
    const { id } = await pipelines.start(plan, { n })
    await until('all are open', () => on.triggers.length === 240)
    await pipelines.cancel(id)
    const view = await untilOver(pipelines, id)
    expect(view.status).toBe('cancelled')
    expect(new Set(view.steps.map(({ status }) => status))).toEqual(new Set(['cancelled']))
    expect(most).toBeLessThan(240)
  })

  it('wake by one timer those who wait for their next try', async () => {
    on.api.trigger = async (input) => ({
      phase: 'terminal',
      record: recordOf(input, input.generation === 1 ? 'failed' : 'completed'),
    })
    const plan = planFrom(
      'name: p\ninputs: { n: { type: array } }\nsteps: { s: { job_type: x, for_each: "${{ inputs.n }}", max_parallel: 500, retry: { attempts: 2, backoff: 2s } } }',
    )
    const { id, view } = await on.run(plan, {}, { n })
    expect(view.status).toBe('completed')
    expect(on.triggers).toHaveLength(240)
    const [history] = await historiesOf(on.stack.client, id)
    const timers = history?.events?.filter((event) => event.timerStartedEventAttributes) ?? []
    expect(timers.length).toBeLessThan(30)
  })
})

describe('continue-as-new', () => {
  it('does not take a run that was cancelled for its timeout as cancelled from outside', async () => {
    const cancelled: string[] = []
    on.api.trigger = async (input) =>
      input.step === 'slow' ? openRun(input) : { phase: 'terminal', record: recordOf(input) }
    on.api.wait = async () =>
      cancelled.length > 0 ? recordOf({ step: 'slow', item: null, generation: 1 }, 'cancelled') : never()
    on.api.cancel = async (input) => {
      cancelled.push(input.step)
      // The first confirmation is lost with the execution that asked for it.
      if (cancelled.length === 1) await until('it was asked again', () => cancelled.length > 1)
      return recordOf(input, 'cancelled')
    }
    const chain = Array.from(
      { length: 12 },
      (_, i) => `  c${i}: { job_type: x${i > 0 ? `, needs: [c${i - 1}]` : ', needs: [gate]'} }`,
    )
    const plan = planFrom(
      `name: p\nsteps:\n  slow: { job_type: x, timeout: 300ms }\n  gate: { job_type: x }\n${chain.join('\n')}`,
    )
    const trigger = on.api.trigger
    on.api.trigger = async (input) => {
      if (input.step === 'gate') await until('the cancel is under way', () => cancelled.length > 0)
      return trigger(input)
    }
    const { id, view } = await on.run(plan, { maxHistoryEvents: 40 })
    expect(view.steps.find((step) => step.step === 'slow')).toMatchObject({
      status: 'failed',
      error: { code: 'timeout' },
    })
    expect(await executions(id)).toBe(2)
  })

  it('does not take a refusal whose cancel was under way for one of its own bar', async () => {
    let cancels = 0
    on.api.trigger = async (input) => {
      if (input.step === 'bad') throw refused(cancels > 0 ? 'key_barred' : 'invalid_config')
      if (input.step === 'gate') await until('the cancel is under way', () => cancels > 0)
      return { phase: 'terminal', record: recordOf(input) }
    }
    on.api.cancel = async () => {
      cancels += 1
      if (cancels === 1) await until('it was asked again', () => cancels > 1)
      return null
    }
    const chain = Array.from(
      { length: 12 },
      (_, i) => `  c${i}: { job_type: x, needs: [${i > 0 ? `c${i - 1}` : 'gate'}] }`,
    )
    const plan = planFrom(
      `name: p\nsteps:\n  bad: { job_type: x, on_failure: continue }\n  gate: { job_type: x }\n${chain.join('\n')}`,
    )
    const { id, view } = await on.run(plan, { maxHistoryEvents: 40 })
    expect(await executions(id)).toBe(2)
    expect(view.steps[0]).toMatchObject({ status: 'failed', error: { code: 'invalid_config' } })
  })

  it('keeps what the list of runs shows', async () => {
    // More than one workflow task triggers: an execution ends between two.
    const chain = Array.from(
      { length: 80 },
      (_, i) => `  c${i}: { job_type: x${i > 0 ? `, needs: [c${i - 1}]` : ''} }`,
    )
    const { id, view } = await on.run(planFrom(`name: kept\nsteps:\n${chain.join('\n')}`), {
      maxHistoryEvents: 12,
    })
    expect(await executions(id)).toBe(2)
    const listed = await until('it is listed', async () =>
      (await on.pipelines().list()).runs.find((run) => run.id === id && run.finished_at),
    )
    expect(listed).toMatchObject({ pipeline: 'kept', started_at: view.started_at })
  })
})

describe('a cancel while a later execution fetches what its expressions read', () => {
  const big = 'y'.repeat(1_000_000)
  /** Long enough for an execution of 40 events, once `gate` is done. */
  const chain = Array.from(
    { length: 12 },
    (_, i) => `  c${i}: { job_type: x, needs: [${i > 0 ? `c${i - 1}` : 'gate'}] }`,
  ).join('\n')
  const slot = (jobRunId: string, sizeBytes = big.length) => ({ jobRunId, sizeBytes, inlined: false })
  let isHeld: (names: string[]) => boolean
  let held: string[]
  /** Triggers of `b` open a run that does not end; what `isHeld` says of a fetch keeps it under way. */
  beforeEach(() => {
    held = []
    on.api.trigger = async (input) => {
      if (input.step === 'b') return openRun(input)
      const { jobRunId } = recordOf(input)
      const outputs = { big: slot(jobRunId), other: slot(jobRunId, 10) }
      return {
        phase: 'terminal',
        record: recordOf(input, 'completed', input.step === 'a' ? { outputs } : {}),
      }
    }
    on.api.wait = () => never() as Promise<never>
    on.api.cancel = async (input) => recordOf(input, 'cancelled')
    on.api.read = async (outputs) => {
      const names = outputs.map(({ name }) => name)
      if (isHeld(names)) {
        held.push(...names)
        await never()
      }
      return outputs.map(({ name }) => (name === 'big' ? big : [1]))
    }
  })

  async function cancelled(text: string, isReady: (id: string) => Promise<boolean>) {
    on.triggers.length = 0
    on.cancels.length = 0
    const pipelines = on.pipelines({ maxHistoryEvents: 40 })
    const { id } = await pipelines.start(planFrom(text), {})
    await until('it is time', () => isReady(id))
    await pipelines.cancel(id)
    return untilOver(pipelines, id)
  }
  const fetchesAgain = async (id: string) => (await executions(id)) === 2 && held.length > 0
  const opensGate = () => {
    const { trigger } = on.api
    on.api.trigger = async (input) => {
      if (input.step === 'gate') await until('b is open', () => on.triggers.some(({ step }) => step === 'b'))
      return trigger!(input)
    }
  }

  it('cancels the runs that are open for a config', async () => {
    let opened = false
    opensGate()
    isHeld = () => (opened ||= on.triggers.some(({ step }) => step === 'b'))
    const view = await cancelled(
      `name: p\nsteps:\n  a: { job_type: x, for_each: [1, 2, 3] }\n  gate: { job_type: x }\n  b: { needs: [a], job_type: x, config: { n: "\${{ size(steps.a.outputs.big[0]) }}" } }\n${chain}`,
      fetchesAgain,
    )
    expect(view.status).toBe('cancelled')
    expect(on.cancels.filter(({ step }) => step === 'b')).toMatchObject([{ item: null, generation: 1 }])
    expect(view.steps.find(({ step }) => step === 'b')?.status).toBe('cancelled')
  })

  it('cancels the runs that are open for the items of a list', async () => {
    opensGate()
    isHeld = () => on.triggers.some(({ step }) => step === 'b')
    const view = await cancelled(
      `name: p\nsteps:\n  a: { job_type: x, for_each: [1, 2, 3] }\n  gate: { job_type: x }\n  b: { needs: [a], job_type: x, for_each: "\${{ [size(steps.a.outputs.big[0])] }}" }\n${chain}`,
      fetchesAgain,
    )
    expect(view.status).toBe('cancelled')
    expect(on.cancels.filter(({ step }) => step === 'b')).toMatchObject([{ item: 0 }])
    expect(view.steps.find(({ step }) => step === 'b')?.status).toBe('cancelled')
  })

  it('ends a step that had passed its `if` and was fetching its list', async () => {
    const { trigger } = on.api
    let fetchesList = false
    on.api.trigger = async (input) => {
      if (input.step === 'gate') await until('the list is fetched', () => fetchesList)
      return trigger!(input)
    }
    isHeld = (names) => {
      fetchesList ||= names.includes('other')
      return fetchesList
    }
    const view = await cancelled(
      `name: p\nsteps:\n  a: { job_type: x, for_each: [1, 2, 3] }\n  gate: { job_type: x }\n  b: { needs: [a], if: "\${{ size(steps.a.outputs.big[0]) > 0 }}", job_type: x, for_each: "\${{ steps.a.outputs.other[0] }}" }\n${chain}`,
      async (id) => (await executions(id)) === 2 && held.filter((name) => name === 'big').length > 0,
    )
    expect(view.status).toBe('cancelled')
    expect(view.steps.find(({ step }) => step === 'b')?.status).toMatch(/cancelled|skipped/)
  })
})

describe('what cleans up', () => {
  const plan = planFrom(
    `name: p
steps:
  early: { job_type: x, if: "\${{ always() }}" }
  work: { job_type: x }
  after: { needs: [work], job_type: x }
  anyway: { needs: [work], job_type: x, if: "\${{ always() }}" }
  back: { needs: [anyway], job_type: x, if: "\${{ cancelled() }}" }
  failed: { needs: [work], job_type: x, if: "\${{ failed() }}" }
`,
  )
  /** `work` and `early` stay open, and so does what `held` names. */
  const start = async (held: string[], cleanupMs?: number) => {
    on.triggers.length = 0
    on.cancels.length = 0
    const endOf = new Map<string, () => void>()
    on.api.trigger = async (input) =>
      ['work', 'early', ...held].includes(input.step)
        ? openRun(input)
        : { phase: 'terminal', record: recordOf(input) }
    on.api.wait = (jobRunId) =>
      Promise.race([
        never(),
        new Promise<ReturnType<typeof recordOf>>((resolve) => {
          const step = jobRunId.split('-')[1] ?? ''
          endOf.set(step, () => resolve(recordOf({ step, item: null, generation: 1 })))
        }),
      ])
    on.api.cancel = async (input) => recordOf(input, 'cancelled')
    const pipelines = on.pipelines(cleanupMs === undefined ? {} : { cleanupMs })
    const { id } = await pipelines.start(plan, {})
    await until('both are open', () => endOf.has('work') && endOf.has('early'))
    await pipelines.cancel(id)
    const end = async () => {
      const view = await untilOver(pipelines, id)
      return {
        status: view.status,
        steps: Object.fromEntries(view.steps.map((s) => [s.step, s.status])),
        view,
      }
    }
    return { id, pipelines, endOf, end }
  }

  it('runs on a cancel, and goes on where it ran already', async () => {
    const { endOf, end } = await start(['anyway'])
    await until('it started', () => endOf.has('anyway'))
    endOf.get('anyway')?.()
    await until('the last one ran', () => on.triggers.some(({ step }) => step === 'back'))
    endOf.get('early')?.()
    expect(await end()).toMatchObject({
      status: 'cancelled',
      steps: {
        early: 'completed',
        work: 'cancelled',
        after: 'skipped',
        anyway: 'completed',
        back: 'completed',
        failed: 'skipped',
      },
    })
    expect(on.cancels.map(({ step }) => step)).toEqual(['work'])
  })

  it('ends at once with a second cancel, confirmed', async () => {
    const { id, pipelines, endOf, end } = await start(['anyway'])
    await until('it started', () => endOf.has('anyway'))
    await pipelines.cancel(id)
    expect(await end()).toMatchObject({
      status: 'cancelled',
      steps: { early: 'cancelled', anyway: 'cancelled', back: 'skipped' },
    })
    expect(on.cancels.map(({ step }) => step).sort()).toEqual(['anyway', 'early', 'work'])
  })

  it('ends when its time is over, and says so', async () => {
    const { end } = await start(['anyway'], 1_000)
    const { status, steps, view } = await end()
    expect({ status, steps }).toMatchObject({
      status: 'cancelled',
      steps: { early: 'cancelled', anyway: 'cancelled', back: 'skipped' },
    })
    expect(view.warnings.join()).toContain('its time was over')
  })

  it('is not for a run that was not cancelled', async () => {
    const { view } = await on.run(plan)
    expect(view.steps.find(({ step }) => step === 'back')?.status).toBe('skipped')
    expect(view.steps.find(({ step }) => step === 'anyway')?.status).toBe('completed')
  })
})

describe('an expression', () => {
  it('needs only the outputs that it names', async () => {
    on.api.trigger = async (input) => ({
      phase: 'terminal',
      record: recordOf(input, 'completed', {
        outputs: { big: { jobRunId: recordOf(input).jobRunId, sizeBytes: 9 * 1024 * 1024, inlined: false } },
      }),
    })
    const plan = planFrom(
      'name: p\nsteps:\n  a: { job_type: x }\n  b: { needs: [a], if: "${{ always() }}", job_type: x }\noutputs: { big: "${{ steps.a.outputs.big }}" }',
    )
    const { view } = await on.run(plan)
    expect(view.steps.map((step) => step.status)).toEqual(['completed', 'completed'])
    expect(view.warnings.join()).toContain('output big has no value (outputs_too_large)')
  })

  it('that fails in the `if` of a step that may fail leaves a warning', async () => {
    const plan = planFrom(
      'name: p\nsteps:\n  a: { job_type: x }\n  b: { needs: [a], if: "${{ steps.a.outputs.none == 1 }}", job_type: x, on_failure: continue }',
    )
    const { view } = await on.run(plan)
    expect(view).toMatchObject({ status: 'completed', steps: [{}, { status: 'failed' }] })
    expect(view.warnings).toEqual(['step b failed (expression_missing_value); the run went on'])
  })
})

describe('a reset', () => {
  /** Of a run of two steps that is over: its keys before and after. */
  async function reset() {
    const { id } = await on.run(
      planFrom('name: p\nsteps: { a: { job_type: x }, b: { needs: [a], job_type: x } }'),
    )
    const keys = () => on.triggers.map(({ firstExecutionRunId }) => firstExecutionRunId)
    const before = keys()
    const { client } = on.stack
    const handle = client.workflow.getHandle(id)
    const { runId } = await handle.describe()
    const { events } = await handle.fetchHistory()
    const firstTask = events?.find((event) => event.workflowTaskCompletedEventAttributes)
    await client.workflowService.resetWorkflowExecution({
      namespace: 'default',
      workflowExecution: { workflowId: id, runId },
      reason: 'test',
      requestId: 'once',
      workflowTaskFinishEventId: firstTask?.eventId ?? null,
    })
    await handle.result()
    const histories = [await client.workflow.getHandle(id, runId).fetchHistory(), await handle.fetchHistory()]
    return { before, after: keys(), runId, newRunId: (await handle.describe()).runId, histories }
  }

  it('sends the same keys again', async () => {
    // Whose answer is late is rightly sent once more.
    const { before, after, runId, newRunId } = await until('a reset that nothing held up', async () => {
      const done = await reset()
      return !done.histories.some(wasHeldUp) && done
    })
    expect(before).toHaveLength(2)
    expect(after).toEqual([...before, ...before])
    expect(newRunId).not.toBe(runId)
  })
})

describe('a cancel that comes when the history is long enough to go on as a new execution', () => {
  // Around the length at which the cancel arrives, wherever exactly that is.
  it.each([10, 11, 12, 13, 14, 15, 16])(
    'at %d events, is not lost between the two',
    async (maxHistoryEvents) => {
      const plan = planFrom(
        'name: p\nsteps: { a: { job_type: x }, b: { job_type: x, needs: [a] }, c: { job_type: x, needs: [b] } }',
      )
      const pipelines = on.pipelines({ maxHistoryEvents })
      const id = `cancel-at-${maxHistoryEvents}`
      on.api.trigger = async (input) => {
        if (input.step === 'a') return { phase: 'terminal', record: recordOf(input) }
        await pipelines.cancel(id)
        return openRun(input)
      }
      on.api.wait = () => never()
      on.api.cancel = async (input) => recordOf(input, 'cancelled')
      await pipelines.start(plan, {}, { id })
      const view = await untilOver(pipelines, id)
      expect(view).toMatchObject({
        status: 'cancelled',
        steps: [{}, { status: 'cancelled' }, { status: 'skipped' }],
      })
    },
  )
})

describe('a step that starts with any of its needs', () => {
  const chain = Array.from(
    { length: 12 },
    (_, i) => `  c${i}: { job_type: x, needs: [${i > 0 ? `c${i - 1}` : 'gate'}] }`,
  ).join('\n')
  const triggered = (step: string) => on.triggers.filter((trigger) => trigger.step === step)
  const statusIn = async (id: string, step: string) =>
    (await on.pipelines().show(id)).steps.find((line) => line.step === step)?.status

  /** `a` ends at once, `b` when it is told to; both may have an output that has to be fetched. */
  function hold(steps: readonly string[], until: Record<string, () => Promise<unknown>>) {
    on.triggers.length = 0
    on.api.trigger = async (input) => {
      if (steps.includes(input.step)) return openRun(input)
      await until[input.step]?.()
      const { jobRunId } = recordOf(input)
      const outputs = { big: { jobRunId, sizeBytes: 9, inlined: false } }
      return { phase: 'terminal', record: recordOf(input, 'completed', { outputs }) }
    }
    on.api.wait = async (jobRunId) => {
      const [, step = '', , generation = '1'] = jobRunId.split('-')
      await until[step]?.()
      const input = { step, item: null, generation: Number(generation) }
      return recordOf(input, generation === '1' ? 'failed' : 'completed', {
        error: { code: 'no', message: '' },
      })
    }
  }

  it('is made of the same in a later execution, and asked about each need there, too', async () => {
    const plan = planFrom(`name: p
steps:
  a: { job_type: x }
  b: { job_type: x, on_failure: continue }
  first: { needs: [a, b], start: any, job_type: x, config: { b: "\${{ steps.b.status == 'failed' }}" }, retry: { attempts: 2, backoff: 1ms } }
  told: { needs: [a, b], start: any, if: "\${{ failed() }}", job_type: x }
  gate: { job_type: x }
${chain}`)
    let id = ''
    const inSecond = () => until('another execution', async () => (await executions(id)) === 2)
    const bFailed = () => until('b has failed', async () => (await statusIn(id, 'b')) === 'failed')
    hold(['b', 'first'], {
      b: inSecond,
      first: bFailed,
      gate: () => until('both are open', () => triggered('b').length > 0 && triggered('first').length > 0),
    })
    ;({ id } = await on.pipelines({ maxHistoryEvents: 40 }).start(plan, {}))
    const { status, steps } = await untilOver(on.pipelines(), id)
    expect(status).toBe('completed')
    expect(triggered('first').map(({ generation, config }) => [generation, config])).toEqual([
      [1, { b: false }],
      [2, { b: false }],
    ])
    expect(steps.find(({ step }) => step === 'told')?.status).toBe('completed')
    expect(triggered('told')).toHaveLength(1)
  })

  it('hears of a need that ends while what its condition reads is fetched', async () => {
    const plan = planFrom(`name: p
steps:
  a: { job_type: x }
  b: { job_type: x, on_failure: continue }
  told: { needs: [a, b], start: any, if: "\${{ steps.a.outputs.big == 1 && failed() }}", job_type: x }`)
    let id = ''
    let isFetching = false
    hold(['b'], { b: () => until('the fetch is under way', () => isFetching) })
    on.api.read = async (outputs) => {
      isFetching = true
      await until('b has failed', async () => (await statusIn(id, 'b')) === 'failed')
      return outputs.map(() => 1)
    }
    ;({ id } = await on.pipelines().start(plan, {}))
    await until('it is over', async () => (await on.pipelines().show(id)).finished_at !== null)
    expect(await statusIn(id, 'told')).toBe('completed')
  })
})
