import { loadConfig } from '../src/config.ts'
import { connectWith } from '../src/connect/connect.ts'
import { definePipeline } from '../src/pipeline/index.ts'
import { startTestStack } from '../test/helpers/stack.ts'
import { median, quantile } from './statistics.ts'

/** From `connect()` to the first step's job run, on a whole stack of its own: `node bench/connect.ts [ROUNDS]`. */
const rounds = Number(process.argv[2] ?? 20)
const nap = definePipeline({ name: 'nap' }, ({ step }) => {
  step('nap', { jobType: 'sleep', config: { duration: '1ms' } })
  return {}
})

const stack = await startTestStack()
try {
  const config = loadConfig({ ...stack.env, PATH: '' })
  const connected: number[] = []
  const triggered: number[] = []
  for (let round = 0; round <= rounds; round++) {
    const began = performance.now()
    await using jobwright = await connectWith(config)
    const ready = performance.now()
    const run = await jobwright.pipelines.start(nap, {})
    for await (const { steps } of run.watch()) if (steps.some(({ job_run_id }) => job_run_id !== null)) break
    // The first one loads what the others find loaded.
    if (round === 0) continue
    connected.push(ready - began)
    triggered.push(performance.now() - began)
  }
  const ms = (values: readonly number[]) =>
    `median ${Math.round(median(values))} ms, p90 ${Math.round(quantile(values, 0.9))} ms`
  console.log(`connect(): ${ms(connected)}`)
  console.log(`to the first job run seen: ${ms(triggered)}`)
} finally {
  await stack.stop()
}
