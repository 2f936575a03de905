import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js'
import type { PipelinePlan } from '../src/pipeline/plan/index.ts'
import { PipelinesClient } from '../src/pipelines/index.ts'
import { type Habits, noHabits, startForeignServer } from '../test/foreign-server/index.ts'
import { planOf, planStep } from '../test/helpers/plans.ts'
import { startTestStack, type TestStack } from '../test/helpers/stack.ts'
import { until } from '../test/helpers/until.ts'

/**
 * Records histories of `runPipeline` into test/replay/histories: `node scripts/record-histories.ts LABEL [own|foreign|nested]`, of
 * runs on our own server, on one without idempotency keys, and of pipelines that run others.
 * The corpus only grows: a recorded history stands for runs that may be open somewhere when a new version comes.
 */
const [label, which] = process.argv.slice(2)
if (!label || !/^[a-z0-9.-]+$/.test(label)) {
  process.stderr.write(
    'usage: node scripts/record-histories.ts LABEL [own|foreign|nested]   (a version, such as 0.1.0)\n',
  )
  process.exit(2)
}
const folder = fileURLToPath(new URL('../test/replay/histories', import.meta.url))
const sleepFor = (duration: string, fail?: string) => ({
  kind: 'literal' as const,
  value: { duration, ...(fail ? { fail } : {}) },
})

const chain = planOf(
  [
    planStep('a', { config: sleepFor('1ms'), valueOutputs: ['slept'], usedOutputs: ['slept'] }),
    planStep('b', { needs: ['a'], config: sleepFor('1500ms') }),
    planStep('c', {
      needs: ['b'],
      if: { source: 'steps.a.outputs.slept.ms >= 0', statusFunctions: [] },
      config: sleepFor('1ms'),
    }),
  ],
  { outputs: [{ name: 'slept', value: { kind: 'expression', source: 'steps.a.outputs.slept' } }] },
)

const fanOut = planOf([
  planStep('many', {
    forEach: { kind: 'literal', value: [1, 2, 3, 4, 5] },
    maxParallel: 2,
    onFailure: 'continue',
    config: {
      kind: 'object',
      entries: [
        { key: 'duration', value: { kind: 'literal', value: '1ms' } },
        { key: 'fail', value: { kind: 'expression', source: "item == 3 ? 'three' : ''" } },
      ],
    },
  }),
  planStep('after', { needs: ['many'], config: sleepFor('1ms') }),
])

const failing = planOf([
  planStep('bad', {
    config: sleepFor('1ms', 'always'),
    retry: { generations: 2, backoffMs: 50, on: ['failed'] },
  }),
  planStep('skipped', { needs: ['bad'], config: sleepFor('1ms') }),
  planStep('cleanup', {
    needs: ['bad'],
    if: { source: 'failed()', statusFunctions: ['failed'] },
    config: sleepFor('1ms'),
  }),
])

/** The history recorded is that of the last execution: with a state that was carried over, and runs open. */
const continued = planOf([
  planStep('first', { config: sleepFor('1ms') }),
  planStep('many', {
    needs: ['first'],
    forEach: { kind: 'literal', value: [1, 2, 3, 4, 5, 6] },
    maxParallel: 3,
    config: sleepFor('1300ms'),
  }),
])

const timeout = planOf([
  planStep('slow', { config: sleepFor('1h'), timeoutMs: 1_500, onFailure: 'continue' }),
])
const cancelled = planOf([
  planStep('long', { config: sleepFor('1h') }),
  planStep('after', { needs: ['long'], config: sleepFor('1ms') }),
])

const cleanUp = planOf([
  planStep('work', { config: sleepFor('1h') }),
  planStep('after', {
    needs: ['work'],
    if: { source: 'cancelled()', statusFunctions: ['cancelled'] },
    config: sleepFor('1ms'),
  }),
])
/** More than may be triggered, and cancelled, at once; all of them wait for their next try at the same time. */
const wide = planOf([
  planStep('many', {
    forEach: { kind: 'literal', value: Array.from({ length: 45 }, (_, index) => index) },
    maxParallel: 500,
    onFailure: 'continue',
    config: sleepFor('1ms', 'always'),
    retry: { generations: 2, backoffMs: 1_000, on: ['failed'] },
  }),
])
const wideCancelled = planOf([
  planStep('many', {
    forEach: { kind: 'literal', value: Array.from({ length: 45 }, (_, index) => index) },
    maxParallel: 500,
    config: sleepFor('1h'),
  }),
])

async function record(stack: TestStack, name: string, id: string): Promise<void> {
  await until(`${name} is over`, async () => (await stack.pipelines.show(id)).finished_at !== null)
  const history = await stack.client.workflow.getHandle(id).fetchHistory()
  await writeFile(
    path.join(folder, `${label}-${name}.json`),
    // Where it was recorded is nobody's business.
    `${JSON.stringify(JSON.parse(historyToJSON(history).replaceAll(`${process.cwd()}/`, '/jobwright/')), null, 1)}\n`,
  )
  process.stdout.write(`${label}-${name}.json  ${history.events?.length ?? 0} events\n`)
}

async function recordOwn(): Promise<void> {
  const stack = await startTestStack({ startTimeoutMs: 120_000 })
  try {
    for (const [name, plan] of Object.entries({ chain, 'fan-out': fanOut, failing, timeout, wide }))
      await record(stack, name, await stack.runPlan(plan))
    for (const [name, plan, open] of [
      ['cancelled', cancelled, 1],
      ['clean-up', cleanUp, 1],
      ['wide-cancelled', wideCancelled, 45],
    ] as const) {
      const id = await stack.runPlan(plan)
      await until(
        'its runs execute',
        async () => (await stack.api.listJobRuns({ statuses: ['running'] })).items.length === open,
      )
      await stack.pipelines.cancel(id)
      await record(stack, name, id)
    }
    const short = new PipelinesClient(stack.client, {
      timing: { stepHeartbeatMs: 2_000, maxHistoryEvents: 16 },
    })
    await record(stack, 'continued', (await short.start(continued, {})).id)
  } finally {
    await stack.stop()
  }
}

const inner = planOf(
  [planStep('in', { config: sleepFor('1500ms'), valueOutputs: ['slept'], usedOutputs: ['slept'] })],
  {
    name: 'inner',
    outputs: [{ name: 'slept', value: { kind: 'expression', source: 'steps.in.outputs.slept' } }],
  },
)
const endless = planOf([planStep('in', { config: sleepFor('1h') })], { name: 'endless' })
const runs = (id: string, pipeline: PipelinePlan, more: Parameters<typeof planStep>[1] = {}) =>
  planStep(id, { target: { kind: 'pipeline', pipeline }, ...more })
const nested = planOf([
  runs('each', inner, {
    forEach: { kind: 'literal', value: [1, 2, 3] },
    maxParallel: 2,
    valueOutputs: ['slept'],
    usedOutputs: ['slept'],
  }),
  planStep('after', {
    needs: ['each'],
    if: { source: 'size(steps.each.outputs.slept) == 3', statusFunctions: [] },
    config: sleepFor('1ms'),
  }),
  runs('late', endless, { timeoutMs: 1_000, onFailure: 'continue' }),
])
/** As `continued`, with pipeline runs open. */
const nestedContinued = planOf([
  runs('each', inner, { forEach: { kind: 'literal', value: [1, 2, 3, 4, 5, 6] }, maxParallel: 3 }),
])

async function recordNested(): Promise<void> {
  const stack = await startTestStack()
  try {
    const id = await stack.runPlan(nested)
    await record(stack, 'nested', id)
    await record(stack, 'nested-inner', `${id}.each.0.1`)
    const long = await stack.runPlan(planOf([runs('long', endless)]))
    await until('its run executes', async () => {
      const { items } = await stack.api.listJobRuns({ statuses: ['running'] })
      return items.length === 1
    })
    await stack.pipelines.cancel(long)
    await record(stack, 'nested-cancelled', long)
    const short = new PipelinesClient(stack.client, {
      timing: { stepHeartbeatMs: 2_000, maxHistoryEvents: 30 },
    })
    const going = await short.start(nestedContinued, {})
    await record(stack, 'nested-continued', going.id)
  } finally {
    await stack.stop()
  }
}

const work = (id: string, config: object, needs: string[] = []) =>
  planStep(id, {
    needs,
    target: { kind: 'job_type', jobType: 'work' },
    config: { kind: 'literal', value: { ...config } as never },
  })
const foreignChain = planOf([work('a', { duration_ms: 50 }), work('b', { duration_ms: 50 }, ['a'])])
const foreignMany = planOf([
  planStep('many', {
    target: { kind: 'job_type', jobType: 'work' },
    forEach: { kind: 'literal', value: [1, 2, 3, 4, 5, 6] },
    maxParallel: 3,
    config: { kind: 'literal', value: { duration_ms: 1_300 } },
  }),
])

async function recordForeign(): Promise<void> {
  const foreign = await startForeignServer({ durationMs: 50 })
  const stack = await startTestStack({
    parts: ['temporal', 'worker'],
    configFile: fileURLToPath(new URL('../test/e2e/foreign.config.ts', import.meta.url)),
    env: {
      JOBS_API_URL: foreign.url,
      JOBS_API_TOKEN: foreign.token,
      FOREIGN_URL: foreign.url,
      JOBWRIGHT_URL: '',
      JOBWRIGHT_WORKER_TOKEN: '',
    },
  })
  const pipelines = new PipelinesClient(stack.client, {
    timing: { stepHeartbeatMs: 2_000, settleMs: 1_000 },
  })
  const start = async (plan: PipelinePlan) => (await pipelines.start(plan, {})).id
  const adopt = (habits: Partial<Habits>) => Object.assign(foreign.habits, noHabits(), habits)
  const posts = () =>
    foreign.log.filter(({ method, path: url }) => method === 'POST' && url === '/job-runs').length
  try {
    adopt({ htmlAfter: ['create_run'] })
    await record(stack, 'strict-lost-answers', await start(foreignChain))
    for (const [name, decide] of [
      ['strict-triggered-again', (id: string) => pipelines.trigger(id, { step: 'a' })],
      ['strict-given-up', (id: string) => pipelines.fail(id, { step: 'a' })],
    ] as const) {
      adopt({ html: ['create_run'] })
      const id = await start(foreignChain)
      await until('it is held', async () => (await stack.pipelines.show(id)).status === 'held')
      adopt({})
      await decide(id)
      await record(stack, name, id)
    }
    adopt({ html: ['create_run'] })
    const before = posts()
    const resent = await start({ ...foreignChain, connection: 'bounded' })
    await until('it was sent', async () => posts() > before)
    adopt({})
    await record(stack, 'bounded-sent-again', resent)
    adopt({ cancelTakesMs: 1_000 })
    const long = await start(planOf([work('long', { manual: true }), work('after', {}, ['long'])]))
    await until(
      'it is open',
      async () => (await stack.pipelines.show(long)).steps[0]?.job_run_id ?? undefined,
    )
    await stack.pipelines.cancel(long)
    await record(stack, 'strict-cancelled', long)
    adopt({})
    const short = new PipelinesClient(stack.client, {
      timing: { stepHeartbeatMs: 2_000, settleMs: 1_000, maxHistoryEvents: 40 },
    })
    await record(stack, 'strict-continued', (await short.start(foreignMany, {})).id)
  } finally {
    await stack.stop()
    await foreign.stop()
  }
}

await mkdir(folder, { recursive: true })
for (const [kind, recordAll] of Object.entries({
  own: recordOwn,
  foreign: recordForeign,
  nested: recordNested,
}))
  if (which === undefined || which === kind) await recordAll()
