import type { JsonObject } from '../../base/json.ts'
import { cancelFields, instantOf, isObject, runEssentials, runFields } from '../fields.ts'
import {
  describe,
  eventually,
  hasFields,
  holds,
  idOf,
  isSuccess,
  isTerminal,
  type Lab,
  list,
  must,
  mustBeAtOnce,
  skipped,
  textOf,
  thing,
  unknownId,
} from '../lab.ts'
import type { Check, Verdict } from '../types.ts'
import { config, contains, ended, getRun, noJob, noRun, trigger } from './making.ts'

/** Job runs, which have to be triggered to be seen. */

const ofTriggers: readonly Check<Lab>[] = [
  {
    id: 'runs.create',
    operation: 'POST /job-runs',
    says: 'triggers a run of the job, and answers it',
    needed: true,
    async run(lab) {
      if (lab.job === undefined) return noJob
      const sentAt = Date.now()
      const run = await trigger(lab, { job_id: idOf(lab.job) })
      lab.run = run
      const createdAt = instantOf(run.created_at)
      if (createdAt !== undefined) lab.measured.clock_off_ms = createdAt - sentAt
      lab.measured.config_echo = contains(config(run.config), config(lab.job.config))
      must(run.job_id === lab.job.uuid, `a run of job ${textOf(run.job_id)}`, idOf(lab.job))
      return holds()
    },
  },
  {
    id: 'runs.answer',
    operation: 'POST /job-runs',
    says: 'the answer has all fields of the reference, in their types',
    async run({ run }) {
      if (run === undefined) return noRun
      must(...hasFields(run, runFields))
      return holds()
    },
  },
  {
    id: 'runs.list_fresh',
    operation: 'GET /job-runs?job_id=',
    says: 'a run is in the list of its job as soon as it was triggered',
    async run(lab) {
      const { run } = lab
      if (run === undefined) return noRun
      const found = await eventually(lab, async () => {
        const { items } = await list(lab, '/job-runs', { job_id: textOf(run.job_id) })
        return items.find((item) => item.uuid === run.uuid)
      })
      mustBeAtOnce(lab, found, { missing: 'not for', expected: 'the run' }, (lagMs) => {
        lab.measured.list_lag_ms = lagMs
      })
      return holds()
    },
  },
  {
    id: 'runs.repeat',
    operation: 'POST /job-runs',
    says: 'each request triggers a run of its own: the same one again is another run',
    async run(lab) {
      const { job, run } = lab
      if (job === undefined || run === undefined) return noRun
      lab.second = await trigger(lab, { job_id: idOf(job) })
      must(lab.second.uuid !== run.uuid, 'the same run', 'another run')
      return holds()
    },
  },
  {
    id: 'runs.get_fresh',
    operation: 'GET /job-runs/{id}',
    says: 'a run is there as soon as it was triggered',
    async run(lab) {
      const { second } = lab
      if (second === undefined) return noRun
      const found = await eventually(lab, async () => {
        const seen = await getRun(lab, idOf(second))
        return isSuccess(seen) ? seen : undefined
      })
      mustBeAtOnce(lab, found, { expected: 'the run' }, (lagMs) => {
        lab.measured.get_lag_ms = lagMs
      })
      return holds()
    },
  },
  {
    id: 'runs.create_unknown',
    operation: 'POST /job-runs',
    says: 'a job that is not there is answered with 4xx',
    needed: true,
    async run(lab) {
      const seen = await lab.probe.send('post', '/job-runs', { json: { job_id: unknownId } })
      must(seen.status >= 400 && seen.status < 500, describe(seen), '404')
      return holds(String(seen.status))
    },
  },
]

const ofCancels: readonly Check<Lab>[] = [
  {
    id: 'runs.cancel',
    operation: 'POST /job-runs/{id}/cancel',
    says: 'ends a run that is not over as cancelled',
    needed: true,
    async run(lab) {
      const { second } = lab
      if (second === undefined) return noRun
      const seen = await cancel(lab, idOf(second))
      if (isSuccess(seen)) lab.cancelled = seen
      const { json: now } = await getRun(lab, idOf(second))
      if (!isSuccess(seen) && isObject(now) && isTerminal(now)) return overBefore(now)
      must(isSuccess(seen), describe(seen), '2xx')
      const found = await ended(lab, idOf(second))
      must(found !== undefined, `still active after ${lab.patienceMs} ms`, 'an end')
      if (found.value.status !== 'cancelled') return overBefore(found.value)
      lab.measured.cancel_ms = found.afterMs
      return holds(`after ${found.afterMs} ms`)
    },
  },
  {
    id: 'runs.cancel_answer',
    operation: 'POST /job-runs/{id}/cancel',
    says: 'answers a message and a count',
    async run({ cancelled }) {
      if (cancelled === undefined) return skipped('no run could be cancelled')
      thing(cancelled, cancelFields)
      return holds()
    },
  },
  {
    id: 'runs.override',
    operation: 'POST /job-runs',
    says: 'takes a config that is merged over that of the job',
    async run(lab) {
      const { job, sample } = lab
      if (job === undefined || sample === undefined) return noJob
      const override = sample.config
      const run = await trigger(lab, { job_id: idOf(job), config: override })
      must(contains(config(run.config), override), JSON.stringify(run.config), JSON.stringify(override))
      return holds()
    },
  },
  {
    id: 'runs.keys',
    operation: 'POST /job-runs',
    says: 'the same Idempotency-Key is the same run, on a server that says it takes keys',
    needed: true,
    async run(lab) {
      const { job, capabilities } = lab
      if (!capabilities?.idempotency_keys) return skipped('it does not say so')
      if (job === undefined) return noJob
      const key = { 'Idempotency-Key': `conformance-${idOf(job)}` }
      const first = await trigger(lab, { job_id: idOf(job) }, key)
      const again = await trigger(lab, { job_id: idOf(job) }, key)
      must(first.uuid === again.uuid, 'another run', 'the same run')
      return holds()
    },
  },
]

const overBefore = ({ status }: JsonObject) =>
  skipped(`the run was ${textOf(status)} before; --config says what takes longer`)

const ofEnds: readonly Check<Lab>[] = [
  {
    id: 'runs.end',
    operation: 'GET /job-runs/{id}',
    says: 'a run ends as completed, failed or cancelled, in statuses of the reference only',
    needed: true,
    async run(lab) {
      if (lab.run === undefined) return noRun
      const found = await ended(lab, idOf(lab.run))
      if (found === undefined) {
        const last = thing(await getRun(lab, idOf(lab.run)), runEssentials)
        return skipped(
          `it is ${textOf(last.status)} after ${lab.patienceMs} ms; --patience says how long to wait`,
        )
      }
      lab.ended = thing(await getRun(lab, idOf(lab.run)), runEssentials)
      return holds(textOf(found.value.status))
    },
  },
  {
    id: 'runs.cancel_ended',
    operation: 'POST /job-runs/{id}/cancel',
    says: 'a run that is over stays as it ended, and the cancel is answered with 2xx or 4xx, not as of one that is not there',
    async run(lab): Promise<Verdict> {
      if (lab.ended === undefined) return skipped('no run has ended')
      const seen = await cancel(lab, idOf(lab.ended))
      lab.measured.cancel_of_ended = seen.status
      const isAnswer = seen.status < 500 && seen.status !== 404
      must(isAnswer, describe(seen), '409, another 4xx or 2xx')
      const after = thing(await getRun(lab, idOf(lab.ended)), runEssentials)
      must(after.status === lab.ended.status, `then ${textOf(after.status)}`, textOf(lab.ended.status))
      return holds(String(seen.status))
    },
  },
  {
    id: 'runs.cancel_unknown',
    operation: 'POST /job-runs/{id}/cancel',
    says: 'a run that is not there is answered with 404',
    async run(lab) {
      const seen = await cancel(lab, unknownId)
      must(seen.status === 404, describe(seen), '404')
      return holds()
    },
  },
]

async function cancel(lab: Lab, id: string) {
  return lab.probe.send('post', '/job-runs/{id}/cancel', { params: { id } })
}

/** Made before anything is read. In this order: each check works with what the ones before it made. */
export const runWritingChecks: readonly Check<Lab>[] = [...ofTriggers, ...ofCancels, ...ofEnds]
