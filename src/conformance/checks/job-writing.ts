import { isObject, jobEssentials, jobFields, messageFields } from '../fields.ts'
import {
  describe,
  eventually,
  hasFields,
  holds,
  idOf,
  isSuccess,
  type Lab,
  list,
  must,
  mustBeAtOnce,
  textOf,
  thing,
} from '../lab.ts'
import type { Check } from '../types.ts'
import { config, contains, hasJobType, noJob } from './making.ts'

/** Jobs, which have to be made to be seen. */

/** Made before anything is read. In this order: each check works with what the ones before it made. */
export const jobWritingChecks: readonly Check<Lab>[] = [
  {
    id: 'jobs.create',
    operation: 'POST /jobs',
    says: 'makes a job, and answers it',
    needed: true,
    async run(lab) {
      const { sample } = lab
      if (sample === undefined) return noJob
      const json = { job_type: sample.jobType, config: sample.config }
      const seen = await lab.probe.send('post', '/jobs', { json })
      if (isObject(seen.json) && typeof seen.json.uuid === 'string') {
        lab.job = seen.json
        lab.made.push({ kind: 'job', id: seen.json.uuid, end: 'left' })
        lab.log(`made job ${seen.json.uuid} of type ${sample.jobType}`)
      }
      const job = thing(seen, jobEssentials)
      must(
        hasJobType(job, sample.jobType),
        `config ${JSON.stringify(job.config)}`,
        'the config that was sent',
      )
      return holds()
    },
  },
  {
    id: 'jobs.answer',
    operation: 'POST /jobs',
    says: 'the answer has all fields of the reference, in their types',
    async run({ job }) {
      if (job === undefined) return noJob
      must(...hasFields(job, jobFields))
      return holds()
    },
  },
  {
    id: 'jobs.create_unknown',
    operation: 'POST /jobs',
    says: 'a job type that is none is refused',
    async run(lab) {
      const jobType = 'no_such_job_type'
      const json = { job_type: jobType, config: { job_type: jobType } }
      const seen = await lab.probe.send('post', '/jobs', { json })
      if (isObject(seen.json) && typeof seen.json.uuid === 'string')
        lab.made.push({ kind: 'job', id: seen.json.uuid, end: 'left' })
      must(seen.status >= 400 && seen.status < 500, describe(seen), '4xx')
      return holds()
    },
  },
  {
    id: 'jobs.get_fresh',
    operation: 'GET /jobs/{id}',
    says: 'a job is there as soon as it was made',
    async run(lab) {
      if (lab.job === undefined) return noJob
      const id = idOf(lab.job)
      const found = await eventually(lab, async () => {
        const seen = await lab.probe.send('get', '/jobs/{id}', { params: { id } })
        return isSuccess(seen) ? seen : undefined
      })
      mustBeAtOnce(lab, found, { expected: 'the job' })
      return holds()
    },
  },
  {
    id: 'jobs.latest_of_none',
    operation: 'GET /jobs/{id}/latest-run',
    says: '204, without content, when the job has no run',
    async run(lab) {
      if (lab.job === undefined) return noJob
      const seen = await lab.probe.send('get', '/jobs/{id}/latest-run', { params: { id: idOf(lab.job) } })
      must(seen.status === 204, describe(seen), '204')
      return holds()
    },
  },
  {
    id: 'jobs.update',
    operation: 'PATCH /jobs/{id}',
    says: 'takes a config, and answers the job',
    async run(lab) {
      if (lab.job === undefined || lab.sample === undefined) return noJob
      // The whole of it: a server may merge it or put it in the place of what was there.
      const json = { config: lab.sample.config }
      const seen = await lab.probe.send('patch', '/jobs/{id}', { params: { id: idOf(lab.job) }, json })
      const job = thing(seen, jobEssentials)
      must(job.uuid === lab.job.uuid, `job ${textOf(job.uuid)}`, idOf(lab.job))
      must(contains(config(job.config), json.config), JSON.stringify(job.config), 'the config that was sent')
      return holds()
    },
  },
]

/** The last one. */
export const deletingChecks: readonly Check<Lab>[] = [
  {
    id: 'jobs.delete',
    operation: 'DELETE /jobs/{id}',
    says: 'deletes the job: it is in no list any more, and if it can be got it says so',
    async run(lab) {
      if (lab.job === undefined) return noJob
      const id = idOf(lab.job)
      thing(await lab.probe.send('delete', '/jobs/{id}', { params: { id } }), messageFields)
      const made = lab.made.find((one) => one.id === id)
      if (made !== undefined) made.end = 'deleted'
      lab.log(`deleted job ${id}`)
      const gone = await eventually(lab, async () => {
        const { items } = await list(lab, '/jobs')
        const still = items.find((item) => item.uuid === id)
        return still === undefined || still.is_deleted === true ? true : undefined
      })
      must(gone !== undefined, 'a list that has it', 'a list without it')
      const seen = await lab.probe.send('get', '/jobs/{id}', { params: { id } })
      const isTold = seen.status === 404 || (isObject(seen.json) && seen.json.is_deleted === true)
      must(isTold, describe(seen), '404, or is_deleted: true')
      return holds(seen.status === 404 ? '404' : 'is_deleted')
    },
  },
]
