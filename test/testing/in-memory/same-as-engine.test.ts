import { globSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Json } from '../../../src/base/json.ts'
import {
  compilePipeline,
  type PipelinePlan,
  type PipelineRunView,
  resolveInputs,
} from '../../../src/pipeline/index.ts'
import {
  cancel,
  hangs,
  type InMemoryHandler,
  type InMemoryJobs,
  recorded,
  recordJobs,
  testPipeline,
} from '../../../src/testing/in-memory/index.ts'
import { untilOver } from '../../helpers/over.ts'
import { startTestStack, type TestStack } from '../../helpers/stack.ts'
import { until } from '../../helpers/until.ts'
import { cases } from './cases.ts'
import { jobTypes } from './engine.config.ts'

/** What a pipeline comes to in memory is what it comes to on the engine, word for word. */

let on: TestStack
beforeAll(async () => {
  on = await startTestStack({
    database: 'postgres',
    configFile: path.join(import.meta.dirname, 'engine.config.ts'),
  })
})
afterAll(() => on?.stop())

function planOf(text: string, file: string): PipelinePlan {
  const { plan, findings } = compilePipeline(text, { file })
  if (!plan) throw new Error(findings.map(({ line, message }) => `${file}:${line} ${message}`).join('\n'))
  return plan
}

async function onEngine(
  plan: PipelinePlan,
  cancelAt?: string,
  given: Record<string, Json> = {},
): Promise<PipelineRunView> {
  const { inputs = {} } = resolveInputs(plan, given)
  const { id } = await on.pipelines.start(plan, inputs)
  if (cancelAt !== undefined) {
    await until('it is time to cancel', async () => {
      const { steps } = await on.pipelines.show(id)
      return steps.some(({ step, status }) => step === cancelAt && status === 'running')
    })
    await on.pipelines.cancel(id)
  }
  return untilOver(on.pipelines, id)
}

/** Without what no two runs have in common: ids, instants, the count of changes, and where the server is. */
function comparable(view: PipelineRunView): unknown {
  const ids = new Set([
    'id',
    'seq',
    'owner',
    'workspace',
    'job_id',
    'job_run_id',
    'started_at',
    'finished_at',
    'promise',
  ])
  const text = JSON.stringify(view, (key, value: unknown) => (ids.has(key) ? undefined : value))
  return JSON.parse(
    text
      .replace(/http:\/\/[^/]+\/api\/v1/g, '')
      .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, 'ID'),
  ) as unknown
}

const [act] = jobTypes ?? []
const jobs: InMemoryJobs = {
  act: act ?? hangs(),
  wait: hangs(),
  flaky: ({ config, generation }) => {
    if (generation <= Number(config.failures))
      throw Object.assign(new Error(`failure ${generation}`), { code: 'flaky' })
    return { after: generation - 1 }
  },
}

test.concurrent.each(Object.entries(cases))('%s', async (name, { yaml, cancelAt }) => {
  const plan = planOf(`name: same\n${yaml}`, `${name}.yaml`)
  const used = new Set(
    plan.steps.flatMap(({ target }) => (target.kind === 'job_type' ? [target.jobType] : [])),
  )
  const inMemory = await testPipeline(plan, {
    jobs: Object.fromEntries(Object.entries(jobs).filter(([jobType]) => used.has(jobType))),
    faults: cancelAt === undefined ? {} : { [cancelAt]: cancel() },
  })
  expect(comparable(inMemory.view)).toEqual(comparable(await onEngine(plan, cancelAt)))
})

const examples = path.resolve(import.meta.dirname, '../../../examples')

const patterns: [string, Record<string, Json>][] = [
  ['trigger-rules/one-failed', { a: 'failed', b: 'skipped' }],
  ['trigger-rules/none-failed-min-one-success', { a: 'skipped' }],
  ['control-flow/discriminator', {}],
  ['control-flow/simple-merge', { amount: 1 }],
  ['control-flow/interleaved-routing', {}],
]
test.concurrent.each(patterns)('the pattern %s with %j', async (name, inputs) => {
  const plan = planOf(await readFile(path.join(examples, 'patterns', `${name}.yaml`), 'utf8'), name)
  const sleep: InMemoryHandler = async ({ config, sleep: pause }) => {
    await pause(String(config.duration) as `${number}s`)
    if (config.fail === true) throw Object.assign(new Error('told to fail'), { code: 'sleep_failed' })
  }
  const inMemory = await testPipeline(plan, { jobs: { sleep }, inputs })
  expect(comparable(inMemory.view)).toEqual(comparable(await onEngine(plan, undefined, inputs)))
})

test.concurrent.each(['pdu-review', 'hosted-api'])('the example %s, as it was recorded', async (example) => {
  const documents = path.join(examples, example, 'documents')
  for (const file of globSync('**/*.*', { cwd: documents }))
    await on.api.putDocument('pdu', file, {
      content: await readFile(path.join(documents, file)),
      mediaType: 'text/markdown',
    })
  const plan = planOf(await readFile(path.join(examples, example, 'pipeline.yaml'), 'utf8'), example)
  const real = await onEngine(plan)
  const recording = await recordJobs(on.api, real)
  const inMemory = await testPipeline(plan, { jobs: recorded(recording) })
  expect(real.status).toBe('completed')
  expect(comparable(inMemory.view)).toEqual(comparable(real))
})
