import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startTestStack, type TestStack } from '../helpers/stack.ts'
import { until } from '../helpers/until.ts'

let on: TestStack
beforeAll(async () => {
  on = await startTestStack({
    database: 'postgres',
    // A worker that stands still for a while is none that is lost, whose job runs begin anew.
    env: { JOBWRIGHT_RUN_HEARTBEAT_MS: '60000' },
    configFile: fileURLToPath(new URL('./careless.config.ts', import.meta.url)),
  })
})
afterAll(() => on?.stop())

it('a handler that forgets a promise ends neither its worker nor its run', async () => {
  const job = await on.api.createJob({ job_type: 'forgetful', config: { job_type: 'forgetful' } })
  const { uuid } = await on.api.createJobRun({ job_id: job.uuid })
  const run = await until('the run is over', async () => {
    const found = await on.api.getJobRun(uuid)
    return found.finished_at && found
  })
  expect(run).toMatchObject({ status: 'completed', attempt: 1 })
  expect(on.stderr('worker')).toContain('missing await')
  expect(on.stderr('worker')).toContain('careless.config.ts')
  expect(on.stderr('worker')).not.toContain('canary')
})
