import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { withRunLog } from '../../src/server/run-log.ts'
import { newCaller, onEveryBackend, triggerRun } from './store/backends.ts'

onEveryBackend('the log of runs', (backend) => {
  function logged() {
    const lines: object[] = []
    const store = withRunLog(backend().store, { info: (fields, msg) => void lines.push({ ...fields, msg }) })
    return { store, lines }
  }

  test('says that a run started, was attempted again and ended, each once', async () => {
    const { store, lines } = logged()
    const id = await triggerRun(store, newCaller())
    await store.reports.startAttempt(id, 1)
    const again = await store.reports.startAttempt(id, 2)
    await store.reports.startAttempt(id, 1)
    await store.reports.finish(id, {
      attempt: 2,
      status: 'failed',
      error: { code: 'jam', message: 'no paper' },
    })
    await store.reports.finish(id, { attempt: 2, status: 'completed' })
    await store.reports.startAttempt(id, 3)
    const ids = { job_run_id: id, job_id: again?.run.job_id, job_type: 'sleep' }
    expect(lines).toEqual([
      expect.objectContaining({ ...ids, attempt: 1, msg: 'job run started' }),
      expect.objectContaining({ ...ids, attempt: 2, msg: 'job run attempted again' }),
      {
        ...ids,
        attempt: 2,
        status: 'failed',
        code: 'jam',
        duration_ms: expect.any(Number),
        msg: 'job run ended',
      },
    ])
    expect(JSON.stringify(lines)).not.toContain('no paper')
  })

  test('says that a run ended which nobody began, and nothing of one that is not there', async () => {
    const { store, lines } = logged()
    const caller = newCaller()
    const id = await triggerRun(store, caller)
    await store.runs.requestCancel(caller, id)
    await store.reports.startAttempt(id, 1)
    await store.reports.startAttempt(randomUUID(), 1)
    expect(lines).toEqual([
      expect.objectContaining({ job_run_id: id, status: 'cancelled', msg: 'job run ended' }),
    ])
  })
})
