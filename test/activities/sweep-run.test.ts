import { expect, it } from 'vitest'
import { sweepRun } from '../../src/activities/sweep/sweep-run.ts'
import type { RemainingRun } from '../../src/activities/sweep/types.ts'
import { JobsClient } from '../../src/client/index.ts'
import { json, runBody, type Script, startFaultServer, text } from '../client/fault-server.ts'

/** What is not done with as long as something may be active. */

const hourMs = 60 * 60_000
const job = { jobId: runBody.job_id, isOwn: true, madeAtMs: 0, creator: '', before: null, isMarked: false }
const run: RemainingRun = { step: 'one', item: null, generation: 1, jobRunId: runBody.uuid }
const none = json(200, { items: [], count: 0 })

async function sweep(toGet: Script, toList: Script, more: Partial<RemainingRun> = {}) {
  await using server = await startFaultServer((response, request, nth) =>
    (request.url.includes('?') ? toList : toGet)(response, request, nth),
  )
  const api = new JobsClient({ baseUrl: server.baseUrl, token: 'token' })
  const closed = { workflowId: 'w', runId: 'r', closedAtMs: Date.now() - hourMs }
  const remains = { connection: 'default', firstExecutionRunId: 'r', mode: 'strict' as const }
  return await sweepRun({ api, namespace: 'default', mode: 'cancel' }, closed, {
    ...remains,
    runs: [{ ...run, ...more }],
  })
}
const ended = json(200, { ...runBody, status: 'completed' })
const doubt = (untilMs: number) => ({ trigger: { job, extras: [], doubtUntilMs: untilMs } })

it.each<[string, boolean, Script, Script, Partial<RemainingRun>]>([
  ['a job run that has ended', true, ended, none, {}],
  ['a job run that is gone', true, text(404, ''), none, {}],
  ['a job run behind a proxy that knows nothing', false, text(404, ''), text(404, ''), {}],
  ['an ended one, beside which another may come', false, ended, none, doubt(Date.now() + hourMs)],
  ['an ended one, beside which none came', true, ended, none, doubt(Date.now() - hourMs)],
])('%s: done is %s', async (_, isDone, toGet, toList, more) => {
  expect(await sweep(toGet, toList, more)).toEqual({ isDone, found: [] })
})
