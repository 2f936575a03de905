import { openStore } from '../../../src/server/store/index.ts'
import { newJob, newRun } from './backends.ts'

/**
 * A process of its own around an embedded store: `node embedded-owner.ts DATA_DIR open|write`. It says `opened` or
 * `refused`; with `write` it then triggers run after run, saying the id of each once it is committed, until killed.
 */
const [dataDir = '', task] = process.argv.slice(2)
const say = (event: string, more: object = {}) =>
  console.log(JSON.stringify({ event, pid: process.pid, ...more }))

try {
  const store = await openStore({ dataDir })
  say('opened')
  const caller = { workspace: 'w', email: 'engineer@example.com' }
  const job = newJob()
  await store.jobs.create(caller, job)
  while (task === 'write') {
    const run = newRun(job.uuid)
    await store.runs.create(caller, run)
    say('committed', { id: run.uuid })
    await new Promise(setImmediate)
  }
  await store.close()
} catch (error) {
  const { code, message } = error as { code?: string; message: string }
  say('refused', { code, message })
}
