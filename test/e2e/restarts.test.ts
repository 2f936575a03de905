import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { PipelinePlan, PipelineRunView } from '../../src/pipeline/plan/index.ts'
import { heldConfigFile, heldStep } from '../helpers/held.ts'
import { untilOver } from '../helpers/over.ts'
import { planOf, planStep } from '../helpers/plans.ts'
import { type Part, startTestStack, type TestStack } from '../helpers/stack.ts'
import { until } from '../helpers/until.ts'

/** kill -9 of real processes while a step is proven to be under way; then the same data, started again. */

let on: TestStack
beforeAll(async () => {
  on = await startTestStack({
    configFile: heldConfigFile,
  })
})
afterAll(() => on?.stop())

/** Runs of earlier tests. */
let earlier: ReadonlySet<string> = new Set()
beforeEach(async () => {
  earlier = new Set((await on.api.listJobRuns({})).items.map((run) => run.uuid))
})

/** Held work goes on once this exists. */
let gate: string
let gates = 0
beforeEach(() => {
  gate = path.join(on.dataDir, `gate-${gates++}`)
})
const open = () => writeFile(gate, '')

function sleepStep(id: string, duration: string, needs: string[] = []) {
  return planStep(id, { needs, config: { kind: 'literal', value: { duration } } })
}

/** One step before, four items of which two run at a time, one step after: six runs. */
const sixRuns = (): PipelinePlan =>
  planOf([
    sleepStep('first', '1ms'),
    heldStep(
      'items',
      { file: gate },
      {
        needs: ['first'],
        forEach: { kind: 'literal', value: ['a', 'b', 'c', 'd'] },
        maxParallel: 2,
      },
    ),
    sleepStep('last', '1ms', ['items']),
  ])
const expectedRuns = 6

/** The server's own record of this test's runs. */
async function recordedRuns() {
  return (await on.api.listJobRuns({})).items.filter((run) => !earlier.has(run.uuid))
}

/** The pipeline run has done its first step, and a run of the second is executing right now. */
async function underWay(id: string): Promise<PipelineRunView> {
  return until('an item is running', async () => {
    const running = (await recordedRuns()).filter((run) => run.status === 'running')
    const view = await on.pipelines.show(id)
    const firstDone = view.steps.some((step) => step.step === 'first' && step.status === 'completed')
    return firstDone && running.length === 2 && view
  })
}

async function finished(id: string): Promise<PipelineRunView> {
  return untilOver(on.pipelines, id)
}

async function expectEachRunOnce(before: PipelineRunView, after: PipelineRunView): Promise<void> {
  expect(after.status).toBe('completed')
  expect(after.steps.map((step) => step.status)).toEqual(
    Array.from({ length: expectedRuns }, () => 'completed'),
  )
  expect(after.steps.map((step) => step.generation)).toEqual(Array.from({ length: expectedRuns }, () => 1))
  // The server's own record, not the orchestrator's: one run per step and item, and no other.
  const runs = await recordedRuns()
  expect(runs.map((run) => run.uuid).sort()).toEqual(after.steps.map((step) => step.job_run_id).sort())
  // What was completed before the kill is the same run as before, executed once.
  const [first, again] = [before, after].map(({ steps }) => steps.find(({ step }) => step === 'first'))
  // On a replay the clock of a workflow task that a query prolonged is a later one, and its instants move on in their order: docs/adr/0022.
  const { started_at = '', finished_at = '' } = again ?? {}
  expect(again).toEqual({ ...first, started_at, finished_at })
  const itemsBegan = after.steps.flatMap(({ step, started_at }) => (step === 'items' ? started_at : []))
  const inOrder = [first?.started_at, started_at, finished_at, ...itemsBegan.toSorted().slice(0, 1)]
  expect(inOrder.toSorted()).toEqual(inOrder)
  expect([first?.finished_at, finished_at].toSorted()).toEqual([first?.finished_at, finished_at])
  expect(runs.find((run) => run.uuid === first?.job_run_id)?.attempt).toBe(1)
}

describe('a pipeline run goes on after kill -9 of', () => {
  const cases: [string, Part[]][] = [
    ['the worker', ['worker']],
    ['the API server', ['server']],
    ['Temporal', ['temporal']],
    ['all at once', ['temporal', 'server', 'worker']],
  ]
  it.each(cases)('%s, with one run per step and item', async (_name, victims) => {
    const id = await on.runPlan(sixRuns())
    const before = await underWay(id)
    await on.kill(...victims)
    await on.start(...victims)
    const stillActive = (await recordedRuns()).filter(
      (run) => run.status === 'running' || run.status === 'pending',
    )
    expect(stillActive.length, 'the kill hit work under way').toBeGreaterThan(0)
    await open()
    await expectEachRunOnce(before, await finished(id))
  })
})

describe('with nested pipeline runs open, kill -9 of', () => {
  const nested = (): PipelinePlan =>
    planOf([
      planStep('items', {
        target: { kind: 'pipeline', pipeline: planOf([heldStep('work', { file: gate })], { name: 'inner' }) },
        forEach: { kind: 'literal', value: ['a', 'b'] },
        maxParallel: 2,
      }),
      sleepStep('last', '1ms', ['items']),
    ])
  const cases: [string, Part[]][] = [
    ['the worker', ['worker']],
    ['all at once', ['temporal', 'server', 'worker']],
  ]
  it.each(cases)('%s loses none and doubles none', async (_name, victims) => {
    const id = await on.runPlan(nested())
    const children = [0, 1].map((item) => `${id}.items.${item}.1`)
    await until('both are at work', async () => {
      const running = (await recordedRuns()).filter((run) => run.status === 'running')
      return running.length === 2
    })
    await on.kill(...victims)
    await on.start(...victims)
    await open()
    const after = await finished(id)
    expect(after.status).toBe('completed')
    expect(after.steps.slice(0, 2)).toMatchObject(
      children.map((child) => ({ status: 'completed', generation: 1, pipeline_run_id: child })),
    )
    const views = await Promise.all(children.map((child) => on.pipelines.show(child)))
    expect(views.map(({ status }) => status)).toEqual(['completed', 'completed'])
    const claimed = [...views, after].flatMap(({ steps }) => steps.flatMap((line) => line.job_run_id ?? []))
    expect((await recordedRuns()).map((run) => run.uuid).sort()).toEqual(claimed.sort())
    expect(claimed).toHaveLength(3)
  })
})

it('a worker that is told to stop cancels nothing: another one goes on', async () => {
  const id = await on.runPlan(sixRuns())
  const before = await underWay(id)
  const pid = on.pid('worker')
  process.kill(pid, 'SIGTERM')
  await until('the worker is gone', () => !isAlive(pid))
  await on.start('worker')
  await open()
  await expectEachRunOnce(before, await finished(id))
})

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

describe('a chain of steps that end at once', () => {
  it('goes on within seconds when the worker is killed again and again in the middle of triggering', async () => {
    const chain = Array.from({ length: 14 }, (_, index) =>
      sleepStep(`s${index}`, '1ms', index === 0 ? [] : [`s${index - 1}`]),
    )
    const id = await on.runPlan(planOf(chain))
    // The worker is nearly always between the start of an attempt and its end; the lease of a wait is six hours.
    for (const doneSteps of [2, 7]) {
      await until(`${doneSteps} runs exist`, async () => (await recordedRuns()).length >= doneSteps)
      await on.kill('worker')
      await on.start('worker')
    }
    const view = await finished(id)
    expect(view.status).toBe('completed')
    const runs = await recordedRuns()
    expect(runs).toHaveLength(chain.length)
    expect(new Set(runs.map((run) => run.uuid))).toEqual(new Set(view.steps.map((step) => step.job_run_id)))
  })
})
