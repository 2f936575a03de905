import { jobRunStatuses } from '../../contract/index.ts'
import { idForm, isZoned, schemaFields } from '../fields.ts'
import {
  describe,
  everything,
  hasFields,
  holds,
  isSuccess,
  type Lab,
  must,
  skipped,
  unknownId,
} from '../lab.ts'
import type { Check } from '../types.ts'

/** What concerns the server as a whole. */
export const serverChecks: readonly Check<Lab>[] = [
  {
    id: 'schemas',
    operation: 'GET /jobs/schemas',
    says: 'a list of job types, each with its fields and the JSON Schema of its config',
    needed: true,
    async run({ probe }) {
      const seen = await probe.send('get', '/jobs/schemas')
      must(isSuccess(seen) && Array.isArray(seen.json), describe(seen), '2xx, with a list')
      for (const entry of seen.json) must(...hasFields(entry, schemaFields))
      return holds(`${seen.json.length} job types`)
    },
  },
  {
    id: 'auth',
    operation: 'GET /jobs',
    says: 'asks for a token: one that it does not know is refused',
    async run({ stranger }) {
      const seen = await stranger.send('get', '/jobs')
      must([401, 403].includes(seen.status), describe(seen), '401')
      return holds()
    },
  },
  {
    id: 'unknown_path',
    operation: 'GET /…',
    says: 'a path that is none is answered with 404',
    async run({ probe }) {
      const seen = await probe.send('get', '/no-such-path-of-any-server')
      must(seen.status === 404, describe(seen), '404')
      return holds()
    },
  },
  {
    id: 'errors',
    operation: 'GET /jobs/{id}',
    says: 'what cannot be answered is told as a JSON object',
    async run({ probe }) {
      const seen = await probe.send('get', '/jobs/{id}', { params: { id: unknownId } })
      must(
        seen.json !== undefined && !isSuccess(seen),
        describe(seen),
        '404, with a JSON object that says why',
      )
      return holds()
    },
  },
]

/** What concerns whatever is listed. */
export const formChecks: readonly Check<Lab>[] = [
  {
    id: 'ids.text',
    operation: 'GET /jobs, GET /job-runs',
    says: 'ids are text',
    needed: true,
    async run(lab) {
      const forms = (await allIds(lab)).map(idForm)
      if (forms.length === 0) return skipped('there is neither job nor job run')
      const worst = (['number', 'text', 'uuid'] as const).find((form) => forms.includes(form))
      if (worst !== undefined) lab.measured.ids = worst
      must(!forms.includes('number'), 'numbers, which JavaScript changes beyond 2^53', 'text')
      must(!forms.includes(undefined), 'a thing without an id', 'text')
      return holds()
    },
  },
  {
    id: 'ids.uuid',
    operation: 'GET /jobs, GET /job-runs',
    says: 'ids are UUIDs',
    async run(lab) {
      const ids = await allIds(lab)
      const other = ids.find((id) => idForm(id) !== 'uuid')
      must(other === undefined, JSON.stringify(other), 'UUIDs')
      return ids.length === 0 ? skipped('there is neither job nor job run') : holds()
    },
  },
  {
    id: 'statuses',
    operation: 'GET /job-runs',
    says: `statuses are ${jobRunStatuses.join(', ')}`,
    needed: true,
    async run(lab) {
      const { items } = await everything(lab, '/job-runs')
      for (const { status } of items) must(...hasFields({ status: status ?? null }, { status: 'status' }))
      return items.length === 0 ? skipped('there is no job run') : holds()
    },
  },
  {
    id: 'times',
    operation: 'GET /jobs, GET /job-runs',
    says: 'times are of ISO 8601, all in one form',
    async run(lab) {
      const things = [
        ...(await everything(lab, '/jobs')).items,
        ...(await everything(lab, '/job-runs')).items,
      ]
      const times = things.flatMap(({ created_at }) => (typeof created_at === 'string' ? [created_at] : []))
      if (times.length === 0) return skipped('there is neither job nor job run')
      const zoned = times.filter(isZoned).length
      must(zoned === 0 || zoned === times.length, 'some with a zone, some without', 'one form')
      lab.measured.times = zoned === 0 ? 'naive' : 'zoned'
      return holds(zoned === 0 ? 'without a zone' : 'with a zone')
    },
  },
]

async function allIds(lab: Lab) {
  const jobs = await everything(lab, '/jobs')
  const runs = await everything(lab, '/job-runs')
  return [
    ...jobs.items.map(({ uuid }) => uuid ?? null),
    ...runs.items.flatMap(({ uuid, job_id }) => [uuid ?? null, job_id ?? null]),
  ]
}
