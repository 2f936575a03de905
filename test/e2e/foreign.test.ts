import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { type ForeignServer, startForeignServer } from '../foreign-server/index.ts'
import { planOf, planStep } from '../helpers/plans.ts'
import { startTestStack, type TestStack } from '../helpers/stack.ts'
import { until } from '../helpers/until.ts'

/** Pipelines on a server that knows nothing of us: the reference's eleven operations and nothing beyond them. */

const open: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

/** Passes everything on, and cuts the connection in place of the answers that `cut` names. */
async function startCutter(target: string, cut: (method: string, path: string, n: number) => boolean) {
  const { origin } = new URL(target)
  let calls = 0
  const server = createServer((incoming, outgoing) => {
    const passed = request(
      `${origin}${incoming.url}`,
      { method: incoming.method, headers: incoming.headers },
      (answer) => {
        const path = (incoming.url ?? '').split('?')[0] ?? ''
        if (incoming.method === 'POST' && cut('POST', path, path.endsWith('/job-runs') ? ++calls : 0)) {
          outgoing.destroy()
          answer.resume()
          return
        }
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.pipe(outgoing)
      },
    )
    passed.on('error', () => outgoing.destroy())
    incoming.pipe(passed)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  open.push(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  const { port } = server.address() as AddressInfo
  return `http://127.0.0.1:${port}${new URL(target).pathname}`
}

async function startOn(foreign: ForeignServer, url = foreign.url): Promise<TestStack> {
  const stack = await startTestStack({
    parts: ['temporal', 'worker'],
    env: { JOBS_API_URL: url, JOBS_API_TOKEN: foreign.token, JOBWRIGHT_URL: '', JOBWRIGHT_WORKER_TOKEN: '' },
  })
  open.push(() => stack.stop())
  return stack
}

const work = (id: string, config: object, needs: string[] = []) =>
  planStep(id, {
    needs,
    target: { kind: 'job_type', jobType: 'work' },
    config: { kind: 'literal', value: { job_type: 'work', ...config } as never },
  })

const triggersOf = (foreign: ForeignServer) => foreign.log.flatMap(({ made }) => made ?? [])

describe('on a server without extensions', () => {
  it('a pipeline survives a lost answer and the death of its worker, and triggers each step once', async () => {
    const foreign = await startForeignServer({ durationMs: 1_500 })
    open.push(() => foreign.stop())
    const url = await startCutter(foreign.url, (_, __, n) => n === 1)
    const stack = await startOn(foreign, url)
    const id = await stack.runPlan(planOf([work('first', {}), work('second', {}, ['first'])]))
    await until('the first run is there', async () => triggersOf(foreign).length === 1)
    await stack.kill('worker')
    await stack.start('worker')
    const view = await until('the pipeline run is over', async () => {
      const shown = await stack.pipelines.show(id)
      return shown.finished_at !== null && shown
    })
    expect(view).toMatchObject({ status: 'completed', warnings: [], connection: { mode: 'strict' } })
    expect(triggersOf(foreign)).toHaveLength(2)
    expect(view.steps.map((step) => step.job_run_id)).toEqual(
      triggersOf(foreign).map(({ job_run_id }) => job_run_id),
    )
  })
})
