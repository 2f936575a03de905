import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { compilePipeline } from '../../src/pipeline/index.ts'
import {
  type PipelineRunView,
  PipelinesClient,
  type PipelineTimingOptions,
} from '../../src/pipelines/index.ts'
import { resolveOptions } from '../../src/pipelines/options.ts'
import { steerRun } from '../../src/pipelines/steer.ts'
import { jobwrightHere } from '../cli/helpers.ts'
import { type ForeignServer, type Habits, noHabits, startForeignServer } from '../foreign-server/index.ts'
import { historiesOf } from '../helpers/chain.ts'
import { untilOver } from '../helpers/over.ts'
import { patientQueryMs, startTestStack, type TestStack } from '../helpers/stack.ts'
import { until } from '../helpers/until.ts'

/** Triggers whose outcome nobody knows, and what a person does with them: on a server without idempotency keys, and without bounds. */

let foreign: ForeignServer
let stack: TestStack
beforeAll(async () => {
  foreign = await startForeignServer({ durationMs: 100 })
  stack = await startTestStack({
    parts: ['temporal', 'worker'],
    settleMs: 300,
    env: {
      JOBS_API_URL: foreign.url,
      JOBS_API_TOKEN: foreign.token,
      JOBS_API_REQUESTS_PER_SECOND: '50',
      JOBWRIGHT_URL: '',
      JOBWRIGHT_WORKER_TOKEN: '',
    },
  })
})
afterAll(async () => {
  await stack?.stop()
  await foreign?.stop()
})
afterEach(() => take({}))

function take(habits: Partial<Habits>): void {
  Object.assign(foreign.habits, noHabits(), habits)
}

async function newJob(): Promise<string> {
  const answer = await fetch(`${foreign.url}/jobs`, {
    method: 'POST',
    headers: { authorization: `Bearer ${foreign.token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ job_type: 'work' }),
  })
  return ((await answer.json()) as { uuid: string }).uuid
}

const ada = 'ada@example.com'
const ended = { status: 'completed' } as const
/** Of the log, when the present pipeline run was started. */
let seen = 0
const made = () => foreign.log.slice(seen).flatMap((entry) => entry.made ?? [])
const posts = () =>
  foreign.log.slice(seen).filter(({ method, path }) => method === 'POST' && path === '/job-runs')

function pipelinesWith(timing: PipelineTimingOptions): PipelinesClient {
  const own = { stepHeartbeatMs: 2_000, settleMs: 300, queryTimeoutMs: patientQueryMs }
  return new PipelinesClient(stack.client, { timing: { ...own, ...timing } })
}

async function start(text: string, pipelines = stack.pipelines, id?: string): Promise<string> {
  const { plan, findings } = compilePipeline(`name: steered\n${text}`, { file: 'test.yaml' })
  if (!plan) throw new Error(findings.map(({ message }) => message).join('\n'))
  seen = foreign.log.length
  return (await pipelines.start(plan, {}, { id })).id
}

/**
 * Runs with requests to trigger that get lost until a step of it is parked.
 * @param parked of how many lines, this step's one of them
 */
async function hold(
  text: string,
  options: { pipelines?: PipelinesClient; id?: string; step?: string; parked?: number } = {},
) {
  const { pipelines, step = 'graph', parked = 1 } = options
  take({ html: ['create_run'] })
  const id = await start(text, pipelines, options.id)
  const { view, jobId } = await until('it is held', async () => {
    const shown = await stack.pipelines.show(id)
    const lost = shown.steps.filter(({ status }) => status === 'trigger_unknown')
    const unknown = lost.find((line) => line.step === step)?.unknown_trigger
    return unknown && lost.length >= parked && { view: shown, jobId: unknown.job_id }
  })
  take({})
  return { id, view, jobId: jobId ?? '' }
}

const over = (id: string): Promise<PipelineRunView> => untilOver(stack.pipelines, id)

const one = 'steps: { graph: { job_type: work } }'
const rejection = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  )

describe('a trigger of unknown outcome', () => {
  it('parks its step, which says what is known; the run is held, and lists say so', async () => {
    const { id, view, jobId } = await hold(one)
    expect(view).toMatchObject({
      status: 'held',
      connection: { name: 'default', mode: 'strict' },
      steps: [{ step: 'graph', status: 'trigger_unknown', job_run_id: null, job_id: jobId }],
    })
    expect(Date.parse(view.steps[0]?.unknown_trigger?.sent_by ?? '')).toBeLessThanOrEqual(Date.now())
    expect(foreign.jobs.has(jobId)).toBe(true)
    const listed = await until('lists know it', async () =>
      (await stack.pipelines.list({ statuses: ['held'] })).runs.find((run) => run.id === id),
    )
    expect(listed.status).toBe('held')
    expect(posts()).toHaveLength(1)
    await stack.pipelines.fail(id, { step: 'graph' })
    await over(id)
  })

  it('is given a run that a person started, once, however often it is asked for', async () => {
    const { id, jobId } = await hold(`${one.slice(0, -1)}, next: { needs: [graph], job_type: work } }`)
    const run = foreign.addRun(jobId, { createdBy: ada, status: 'running' })
    const adopt = () => stack.pipelines.adopt(id, { step: 'graph', jobRunId: run.uuid })
    const answers = await Promise.all([adopt(), adopt(), adopt()])
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1)
    expect(answers[0]).toEqual({ id, step: 'graph', item: null, verb: 'adopt' })
    expect((await stack.pipelines.show(id)).status).toBe('running')
    foreign.endRun(run.uuid, 'completed')
    const view = await over(id)
    expect(view.status).toBe('completed')
    expect(view.steps[0]).toMatchObject({ job_run_id: run.uuid, status: 'completed', decided: 'adopt' })
    // Also when the run is over; and one that is another's is refused then as before.
    expect(await adopt()).toEqual(answers[0])
    expect(await rejection(stack.pipelines.adopt(id, { step: 'next', jobRunId: run.uuid }))).toMatchObject({
      code: 'run_over',
      fault: 'refused',
    })
    expect(made()).toHaveLength(1)
  })

  it('is given a run that a person started, and the one that comes after all is cancelled', async () => {
    const { id, jobId } = await hold(one)
    const run = foreign.addRun(jobId, { createdBy: ada, status: 'running' })
    await stack.pipelines.adopt(id, { step: 'graph', jobRunId: run.uuid })
    const late = foreign.addRun(jobId, { status: 'running' })
    foreign.endRun(run.uuid, 'completed')
    const view = await over(id)
    expect(view).toMatchObject({ status: 'completed', steps: [{ job_run_id: run.uuid }] })
    expect(view.warnings.join()).toContain(late.uuid)
    expect(late.history.at(-1)?.status).toBe('cancelled')
  })

  it('is given a run that a person started, and a cancel reaches the one that comes after all, too', async () => {
    const { id, jobId } = await hold(one)
    const run = foreign.addRun(jobId, { createdBy: ada, status: 'running' })
    await stack.pipelines.adopt(id, { step: 'graph', jobRunId: run.uuid })
    const late = foreign.addRun(jobId, { status: 'running' })
    await stack.pipelines.cancel(id)
    expect((await over(id)).status).toBe('cancelled')
    expect([run, late].map(({ history }) => history.at(-1)?.status)).toEqual(['cancelled', 'cancelled'])
  })

  it('is triggered once more, once for two who ask at once', async () => {
    const { id } = await hold('steps: { graph: { job_type: work, config: { duration_ms: 1500 } } }')
    const trigger = () => stack.pipelines.trigger(id, { step: 'graph' })
    const answers = await Promise.all([trigger(), trigger()])
    await until('its run is known', async () => (await stack.pipelines.show(id)).steps[0]?.job_run_id)
    expect(await trigger()).toEqual(answers[0])
    const view = await over(id)
    expect(view).toMatchObject({ status: 'completed', steps: [{ decided: 'trigger', generation: 1 }] })
    expect(await trigger()).toEqual(answers[1])
    expect(made()).toHaveLength(1)
    expect(posts()).toHaveLength(2)
    expect(await rejection(stack.pipelines.fail(id, { step: 'graph' }))).toMatchObject({ code: 'run_over' })
  })

  it.each(['adopt', 'trigger'] as const)(
    'is not retried when the run fails that a person decided on (%s), and says why: the one that got lost may be at work',
    async (verb) => {
      const text =
        'job_type: work, config: { fail: true, duration_ms: 50 }, retry: { attempts: 3, backoff: 1ms }'
      const { id, jobId } = await hold(`steps: { graph: { ${text} } }`)
      if (verb === 'trigger') await stack.pipelines.trigger(id, { step: 'graph' })
      else {
        const { uuid } = foreign.addRun(jobId, { createdBy: ada, status: 'failed' })
        await stack.pipelines.adopt(id, { step: 'graph', jobRunId: uuid })
      }
      const view = await over(id)
      expect(view).toMatchObject({ status: 'failed', steps: [{ generation: 1, decided: verb }] })
      expect(view.steps[0]?.error?.message).toMatch(
        /failed and does not say why; it is not tried again, as a trigger of unknown outcome may have started another/,
      )
      expect(posts()).toHaveLength(verb === 'trigger' ? 2 : 1)
    },
  )

  it('is given up: the step fails for good, whatever its `retry` says', async () => {
    const { id } = await hold('steps: { graph: { job_type: work, retry: { attempts: 3, backoff: 1ms } } }')
    const fail = () => stack.pipelines.fail(id, { step: 'graph' })
    const answers = await Promise.all([fail(), fail()])
    const view = await over(id)
    expect(view).toMatchObject({
      status: 'failed',
      steps: [{ status: 'failed', generation: 1, error: { code: 'trigger_unknown' }, decided: 'fail' }],
    })
    expect([answers[1], await fail()]).toEqual([answers[0], answers[0]])
    expect(posts()).toHaveLength(1)
  })

  it('of two who decide otherwise at once, one is told that it is decided', async () => {
    const { id } = await hold('steps: { graph: { job_type: work, config: { manual: true } } }')
    const asked = [
      stack.pipelines.trigger(id, { step: 'graph' }),
      stack.pipelines.fail(id, { step: 'graph' }),
    ].map(rejection)
    const refused = (await Promise.all(asked)).filter((error) => error !== undefined)
    // A step that is given up ends the run.
    expect(refused).toMatchObject([
      { code: expect.stringMatching(/^(trigger_known|run_over)$/), fault: 'refused' },
    ])
    await stack.pipelines.cancel(id)
    await over(id)
    expect(made().length).toBeLessThanOrEqual(1)
  })

  it('is over when its run shows up by itself; where the job is shared, what may be its run is shown, and none of it taken', async () => {
    const own = await hold(one)
    const shared = await newJob()
    foreign.addRun(shared, { createdBy: ada, ...ended })
    const { id } = await hold(`steps: { graph: { job_id: ${shared}, config: { duration_ms: 50 } } }`)
    const late = foreign.addRun(own.jobId)
    const stranger = foreign.addRun(shared, {
      config: { duration_ms: 50 },
      createdBy: ada,
      status: 'running',
    })
    const candidates = await until('the candidate is seen', async () => {
      const [step] = (await stack.pipelines.show(id)).steps
      const found = step?.unknown_trigger?.candidates ?? []
      return found.length > 0 && found
    })
    expect(candidates).toMatchObject([{ job_run_id: stranger.uuid, status: 'running', created_by: ada }])
    const settled = await over(own.id)
    expect(settled).toMatchObject({ status: 'completed', steps: [{ job_run_id: late.uuid }] })
    expect(settled.steps[0]).not.toHaveProperty('decided')
    await stack.pipelines.trigger(id, { step: 'graph' })
    const view = await over(id)
    expect(view.status).toBe('completed')
    expect(view.steps[0]?.job_run_id).toBe(made()[0]?.job_run_id)
    foreign.endRun(stranger.uuid, 'completed')
  })

  it("takes no stranger's run whose config has the id of the pipeline run by chance", async () => {
    const shared = await newJob()
    const steps = `steps: { graph: { job_id: ${shared}, config: { title: nightly } } }`
    const { id } = await hold(steps, { id: 'night' })
    const config = { title: 'nightly' }
    foreign.addRun(shared, { config, createdBy: ada, status: 'running' })
    const [step] = await until('the candidate is seen', async () => {
      const view = await stack.pipelines.show(id)
      return (view.steps[0]?.unknown_trigger?.candidates ?? []).length > 0 && view.steps
    })
    expect(step).toMatchObject({ status: 'trigger_unknown', job_run_id: null })
    await stack.pipelines.fail(id, { step: 'graph' })
    await over(id)
  })

  it('ends with a cancel, which looks once more', async () => {
    const { id } = await hold(one)
    await stack.pipelines.cancel(id)
    const view = await over(id)
    expect(view).toMatchObject({ status: 'cancelled', steps: [{ status: 'cancelled' }] })
    expect(view.warnings.join()).toContain('is not known')
    expect(await rejection(stack.pipelines.trigger(id, { step: 'graph' }))).toMatchObject({
      code: 'run_over',
    })
    // Whichever of the two comes first, both are answered.
    const other = await hold(one)
    const trigger = rejection(stack.pipelines.trigger(other.id, { step: 'graph' }))
    await Promise.all([stack.pipelines.cancel(other.id), trigger])
    await over(other.id)
  })
})

describe('on the command line', () => {
  it('what follows a run ends with 5 when it is held, and says what to type', async () => {
    const { env } = stack
    const cli = (...args: string[]) => jobwrightHere(args, { env: { ...env, JOBWRIGHT_SETTLE_MS: '300' } })
    const file = path.join(stack.dataDir, 'steered.yaml')
    await writeFile(file, 'name: steered\nsteps: { graph: { job_type: work } }')
    take({ html: ['create_run'] })
    const id = 'held-on-the-command-line'
    const run = await cli('run', file, '--id', id)
    take({})
    expect(run.code).toBe(5)
    expect(run.stdout).toContain(`jobwright trigger ${id} graph\n`)
    // Lists follow what happens, also to the runs of the tests before this one.
    const items = await until('it alone is listed', async () => {
      const runs = await cli('runs', '--status', 'held', '--output', 'json')
      const listed = JSON.parse(runs.stdout).items as { id: string }[]
      return listed.length === 1 && listed[0]?.id === id && listed
    })
    expect(items).toMatchObject([{ id, status: 'held' }])
    const refused = await cli('adopt', id, 'graph', 'no-such-run')
    expect(refused).toMatchObject({ code: 2, stdout: '' })
    expect(refused.stderr).toContain('error unknown_job_run the server knows no job run no-such-run')
    expect(await cli('trigger', id, 'graph')).toMatchObject({
      code: 0,
      stdout: 'step graph is triggered once more\n',
    })
    expect((await cli('watch', id)).code).toBe(0)
    const shown = JSON.parse((await cli('show', id, '--output', 'json')).stdout)
    expect(shown.connection).toMatchObject({ name: 'default', mode: 'strict' })
    expect(shown.connection.promise).toContain('at most once')
    expect((await cli('fail', id, 'graph')).stderr).toContain('error run_over ')
  })
})

describe('what does not fit is refused', () => {
  it('with the reason, and changes nothing', async () => {
    const { id, jobId } = await hold(
      `
steps:
  graph: { job_type: work }
  many: { for_each: '\${{ [1, 2] }}', job_type: work, max_parallel: 2 }
  later: { needs: [graph], job_type: work }
`,
      { parked: 3 },
    )
    const other = foreign.addRun(await newJob(), { createdBy: ada, ...ended })
    const taken = foreign.addRun(jobId, { createdBy: ada, status: 'running' })
    const { pipelines } = stack
    const refusals = [
      [() => pipelines.adopt(id, { step: 'graph', jobRunId: other.uuid }), 'run_of_another_job', 'refused'],
      [() => pipelines.adopt(id, { step: 'graph', jobRunId: 'no-such-run' }), 'unknown_job_run', 'refused'],
      [() => pipelines.fail(id, { step: 'nothing' }), 'unknown_step', 'usage'],
      [() => pipelines.trigger(id, { step: 'many' }), 'item_missing', 'usage'],
      [() => pipelines.trigger(id, { step: 'many', item: 2 }), 'unknown_item', 'usage'],
      [() => pipelines.trigger(id, { step: 'graph', item: 0 }), 'no_items', 'usage'],
      [() => pipelines.trigger(id, { step: 'later' }), 'trigger_known', 'refused'],
      [() => pipelines.trigger('no-such-run', { step: 'graph' }), 'unknown_pipeline_run', 'usage'],
    ] as const
    take({ html: ['get_run'] })
    expect(await rejection(pipelines.adopt(id, { step: 'graph', jobRunId: taken.uuid }))).toMatchObject({
      code: 'job_run_unconfirmed',
      fault: 'unreachable',
    })
    take({})
    for (const [ask, code, fault] of refusals) expect(await rejection(ask())).toMatchObject({ code, fault })
    expect((await pipelines.show(id)).status).toBe('held')
    await pipelines.adopt(id, { step: 'graph', jobRunId: taken.uuid })
    // The step has its run by now, and keeps it.
    const second = foreign.addRun(jobId, { createdBy: ada, ...ended })
    expect(await rejection(pipelines.adopt(id, { step: 'graph', jobRunId: second.uuid }))).toMatchObject({
      code: 'trigger_known',
    })
    foreign.endRun(taken.uuid, 'completed')
    await pipelines.cancel(id)
    await over(id)
  })

  it('a step that is still being looked for is none of a person yet', async () => {
    take({ html: ['create_run'] })
    const id = await start(one, pipelinesWith({ settleMs: 60_000 }))
    await until('its answer is lost', async () => (await stack.pipelines.show(id)).steps[0]?.trouble)
    expect(await rejection(stack.pipelines.trigger(id, { step: 'graph' }))).toMatchObject({
      code: 'trigger_unsettled',
    })
    await stack.client.workflow.getHandle(id).terminate()
  })

  it('without a worker it is said that it was not accepted, and asked again it is done', async () => {
    const { id, jobId } = await hold(one)
    const run = foreign.addRun(jobId, { createdBy: ada, ...ended })
    await stack.kill('worker')
    const adopt = () => stack.pipelines.adopt(id, { step: 'graph', jobRunId: run.uuid })
    const impatient = { ...resolveOptions(stack.client, {}), acceptTimeoutMs: 500 }
    const request = { verb: 'adopt', step: 'graph', item: null, jobRunId: run.uuid } as const
    expect(await rejection(steerRun(impatient, id, request))).toMatchObject({
      code: 'not_accepted',
      fault: 'unreachable',
    })
    await stack.start('worker')
    expect(await adopt()).toMatchObject({ verb: 'adopt' })
    expect((await over(id)).status).toBe('completed')
  })
})

describe('a step that is parked', () => {
  it('stays parked across executions, and time in which a person is asked is not its own', async () => {
    const pipelines = pipelinesWith({ maxHistoryEvents: 40 })
    const { id } = await hold(
      `
steps:
  graph: { job_type: work, timeout: 20s }
  others: { for_each: '\${{ [1, 2, 3, 4, 5, 6, 7, 8] }}', job_type: work, config: { duration_ms: 2600 }, on_failure: continue }
`,
      { pipelines },
    )
    // The items go on, one after the other: all of them take longer than the step may.
    for (const item of [0, 1, 2, 3, 4, 5, 6, 7])
      await until('the next item is under way', async () => {
        const line = (await stack.pipelines.show(id)).steps.find((step) => step.item === item)
        if (line?.status === 'trigger_unknown') await stack.pipelines.trigger(id, { step: 'others', item })
        return line?.status === 'completed'
      })
    await until('a later execution', async () => (await historiesOf(stack.client, id)).length > 1)
    const line = async () => (await stack.pipelines.show(id)).steps.find(({ step }) => step === 'graph')
    // The execution that takes it up may be about to begin.
    await until('it is parked', async () => (await line())?.status === 'trigger_unknown')
    await stack.pipelines.trigger(id, { step: 'graph' })
    expect(await over(id)).toMatchObject({ status: 'completed' })
    expect((await line())?.generation).toBe(1)
  })

  it('holds up no other item, and one that is given up fails alone where the step goes on', async () => {
    take({})
    const { id } = await hold(
      `
steps:
  many:
    for_each: '\${{ [0, 1, 2] }}'
    max_parallel: 1
    job_type: work
    on_failure: continue
  after: { needs: [many], job_type: work }
`,
      { step: 'many' },
    )
    await stack.pipelines.fail(id, { step: 'many', item: 0 })
    const view = await over(id)
    expect(view.status).toBe('completed')
    expect(view.steps.map(({ status }) => status)).toEqual(['failed', 'completed', 'completed', 'completed'])
    expect(view.warnings.join()).toContain('step many failed')
  })
})
