import { execFile } from 'node:child_process'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { planOf, planStep } from '../helpers/plans.ts'
import { startTestStack, type TestStack } from '../helpers/stack.ts'
import { until } from '../helpers/until.ts'

/** Two installations that share a Temporal namespace. */
let one: TestStack
let other: TestStack | undefined
/** A worker that stands still for a while is none that is lost, whose job runs begin anew. */
const patient = { JOBWRIGHT_RUN_HEARTBEAT_MS: '60000' }
beforeAll(async () => {
  one = await startTestStack({ env: patient })
})
afterEach(() => other?.stop())
afterAll(() => one?.stop())

const runs = 6

/** Several at once, so that the workers of both get some where they can. */
async function jobRunsOn(stack: TestStack) {
  const config = { job_type: 'sleep', duration: '1ms' }
  const job = await stack.api.createJob({ job_type: 'sleep', config })
  const ids = await Promise.all(
    Array.from({ length: runs }, async () => (await stack.api.createJobRun({ job_id: job.uuid })).uuid),
  )
  return Promise.all(
    ids.map((id) =>
      until(`job run ${id} to be over`, async () => {
        const run = await stack.api.getJobRun(id)
        return run.finished_at && run
      }),
    ),
  )
}

/** What `jobwright doctor` says. */
async function doctor({ env }: TestStack): Promise<string> {
  const cli = fileURLToPath(new URL('../../src/cli.ts', import.meta.url))
  const child = execFile(process.execPath, [cli, 'doctor'], { env: { ...process.env, ...env } })
  return (await text(child.stdout as Readable)) || ''
}

describe('Two installations on one Temporal namespace', () => {
  it('with names of their own leave each other alone', async () => {
    other = await startTestStack({
      temporalAddress: one.temporalAddress,
      env: { ...patient, JOBWRIGHT_INSTALLATION: 'other' },
    })
    const [mine, theirs] = await Promise.all([jobRunsOn(one), jobRunsOn(other)])
    for (const run of [...mine, ...theirs]) expect(run).toMatchObject({ status: 'completed', attempt: 1 })
    expect(await other.api.whoami()).toMatchObject({ installation: 'other' })
    const nap = { kind: 'literal', value: { duration: '1ms' } } as const
    const id = await other.runPlan(planOf([planStep('nap', { config: nap })]))
    const { taskQueue } = await one.client.workflow.getHandle(id).describe()
    expect(taskQueue).toBe('jobwright.other')
    expect(await one.client.workflow.getHandle(id).result()).toMatchObject({ status: 'completed' })
  })

  it("with one name give each other's job runs back, and fail none", async () => {
    other = await startTestStack({ temporalAddress: one.temporalAddress })
    const [mine, theirs] = await Promise.all([jobRunsOn(one), jobRunsOn(other)])
    for (const run of [...mine, ...theirs]) expect(run).toMatchObject({ status: 'completed' })
    expect(await doctor(one)).toContain("workers of several servers take each other's work")
    const warned = one.stderr('worker') + other.stderr('worker')
    expect(warned).toContain('give each installation a name of its own (JOBWRIGHT_INSTALLATION)')
  })
})
