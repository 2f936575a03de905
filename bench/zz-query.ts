import { findFreePort } from '../src/dev-stack/temporal-cli/dev-server.ts'
import { startFaultProxy } from '../src/testing/index.ts'
import { planOf, planStep } from '../test/helpers/plans.ts'
import { startTestStack } from '../test/helpers/stack.ts'
const port = await findFreePort()
const proxy = await startFaultProxy({ target: `http://127.0.0.1:${port}/api/v1` })
const stack = await startTestStack({ startTimeoutMs: 180000, env: { JOBWRIGHT_PORT: String(port), JOBWRIGHT_URL: `http://127.0.0.1:${port}`, JOBS_API_URL: proxy.url, JOBWRIGHT_SWEEP: 'off' } })
const c = (duration: string) => ({ kind: 'literal' as const, value: { duration } })
const plan = planOf([planStep('a', { config: c('1500ms') }), planStep('b', { needs: ['a'], config: c('10m') }), planStep('c', { needs: ['b'], config: c('1ms') })])
const { reached } = proxy.onPoint({ operation: 'createJobRun', at: 'after_commit', where: ({ body }) => body.includes('b/-/1') }, async (x) => { await stack.kill('worker'); x.cut() })
const id = await stack.runPlan(plan)
await reached
await stack.client.workflow.getHandle(id).terminate('x')
const n = proxy.log.length
await stack.start('worker')
for (let i = 0; i < 3; i++) { const v = await stack.pipelines.show(id); console.log(v.status, v.steps.map((s) => s.step + s.status)); await new Promise(r => setTimeout(r, 1500)) }
console.log(proxy.log.slice(n).map((l) => `${l.method} ${l.path} ${l.serverStatus}`))
console.log((await stack.api.listJobRuns({})).items.map((r) => r.status + ' ' + r.client_ref))
console.log(stack.stderr('worker').split('\n').filter((l) => /zzz/.test(l)))
await stack.stop(); await proxy.stop()
