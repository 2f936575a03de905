// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the marks of our own templates
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js'
import { afterEach, expect, it } from 'vitest'
import { compilePipeline } from '../../src/pipeline/index.ts'
import { verifyWebhook } from '../../src/webhooks/index.ts'
import { startForeignServer } from '../foreign-server/index.ts'
import { startTestStack } from '../helpers/stack.ts'
import { until } from '../helpers/until.ts'

const open: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

const canary = 'canary-7f3a9c51e0'

/** Answers nothing until it is told to. */
async function startReceiver() {
  const got: { path: string; headers: IncomingHttpHeaders; body: string }[] = []
  const state = { answers: false }
  const server = createServer(async (request, response) => {
    got.push({ path: request.url ?? '', headers: request.headers, body: await text(request) })
    if (state.answers) response.writeHead(200).end(`you said ${JSON.stringify(request.headers)}`)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  open.push(async () => {
    server.closeAllConnections()
    server.close()
  })
  return { got, state, port: (server.address() as AddressInfo).port }
}

it('a worker that is killed while it tells: the receiver is told again under the same id, and no secret is kept', async () => {
  const receiver = await startReceiver()
  const folder = await mkdtemp(path.join(tmpdir(), 'jobwright-notify-'))
  open.push(() => rm(folder, { recursive: true }))
  await writeFile(path.join(folder, 'package.json'), '{"type":"module"}')
  const configFile = path.join(folder, 'jobwright.config.ts')
  await writeFile(
    configFile,
    `
export const secrets = { KEY: '${canary}-key', HOOK: 'http://127.0.0.1:${receiver.port}/${canary}-path' }
export const notificationTargets = ['127.0.0.1:${receiver.port}']
export const notifications = { page: async () => { throw new Error('refused with ${canary}-key') } }
`,
  )
  const foreign = await startForeignServer()
  open.push(() => foreign.stop())
  const stack = await startTestStack({
    parts: ['temporal', 'worker'],
    configFile,
    env: {
      JOBS_API_URL: foreign.url,
      JOBS_API_TOKEN: foreign.token,
      JOBWRIGHT_URL: '',
      JOBWRIGHT_WORKER_TOKEN: '',
    },
  })
  open.push(() => stack.stop())
  const { plan } = compilePipeline(
    `
name: told
steps: { s: { job_id: 00000000-0000-4000-8000-000000000000 } }
notify:
  - { on: [failed], webhook: "\${{ secrets.HOOK }}", secrets: [KEY] }
  - { on: [failed], function: page }
`,
    { file: 'told.yaml' },
  )
  if (!plan) throw new Error('the pipeline is wrong')
  const { id } = await stack.pipelines.start(plan, {})
  await until('the run is over', async () => (await stack.pipelines.show(id)).status === 'failed')
  await until('the receiver was asked', () => receiver.got.length > 0)
  await stack.kill('worker')
  receiver.state.answers = true
  await stack.start('worker')
  const deliveries = await until('it was told', async () => {
    const { deliveries: [hook, page] = [] } = await stack.pipelines.show(id)
    return hook?.state === 'delivered' && page?.error?.includes('refused') && [hook, page]
  })
  if (!deliveries) throw new Error('never')
  expect(deliveries).toMatchObject([
    { event: 'failed', receiver: '${{ secrets.HOOK }}' },
    {
      event: 'failed',
      receiver: 'function page',
      state: 'pending',
      error: expect.stringContaining('refused with ***') as string,
    },
  ])
  expect(receiver.got.length).toBeGreaterThan(1)
  for (const { headers, body } of receiver.got)
    expect(verifyWebhook({ headers, body }, [`${canary}-key`])).toMatchObject({
      id: deliveries[0]?.id,
      data: { id },
    })
  const query = `WorkflowId STARTS_WITH 'jobwright-notification-' OR WorkflowId = '${id}'`
  const kept: string[] = []
  for await (const { workflowId } of stack.client.workflow.list({ query })) {
    const history = historyToJSON(await stack.client.workflow.getHandle(workflowId).fetchHistory())
    const plain = history.replaceAll(/"data":\s*"([^"]*)"/g, (_, data: string) =>
      Buffer.from(data, 'base64').toString(),
    )
    kept.push(plain)
  }
  expect(kept.filter((each) => each.includes('pipeline_run.failed'))).toHaveLength(3)
  expect(
    [...kept, stack.stderr('worker'), JSON.stringify(await stack.pipelines.show(id))].join('\n'),
  ).not.toContain(canary)
})
