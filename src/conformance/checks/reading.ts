import type { JsonObject } from '../../base/json.ts'
import { jobRunStatuses } from '../../contract/index.ts'
import { instantOf, runEssentials } from '../fields.ts'
import {
  describe,
  everything,
  hasFields,
  holds,
  idOf,
  isTerminal,
  type Lab,
  list,
  must,
  skipped,
  textOf,
  thing,
  Unmet,
  unknownId,
} from '../lab.ts'
import type { Check } from '../types.ts'
import { filterChecks } from './filtering.ts'
import { type Kind, kinds, nothing } from './kinds.ts'

/** What can be found out by reading alone, on what is there. */

/** Of both lists the same is to hold. */
function listChecks(kind: Kind): Check<Lab>[] {
  const { path, fields, essentials } = kinds[kind]
  const operation = `GET ${path}`
  return [
    {
      id: `${kind}.list`,
      operation,
      says: `items, each of which says ${Object.keys(essentials).join(', ')}`,
      needed: true,
      async run(lab) {
        const { items } = await everything(lab, path)
        for (const item of items) must(...hasFields(item, essentials))
        return holds(`${items.length} of them`)
      },
    },
    {
      id: `${kind}.fields`,
      operation,
      says: 'items have all fields of the reference, in their types',
      async run(lab) {
        const { items } = await everything(lab, path)
        if (items.length === 0) return nothing(kind)
        for (const item of items) must(...hasFields(item, fields))
        return holds()
      },
    },
    {
      id: `${kind}.count`,
      operation,
      says: 'count is the number of items, filtered or not: the list is whole',
      needed: true,
      async run(lab) {
        const lists = [
          await everything(lab, path),
          await list(lab, path, { created_before: '2000-01-01T00:00:00' }),
        ]
        for (const { items, count } of lists)
          must(
            count === items.length,
            `${items.length} items, and count ${JSON.stringify(count)}`,
            'the same',
          )
        return holds()
      },
    },
    windowCheck(kind, 'created_after'),
    windowCheck(kind, 'created_before'),
    {
      id: `${kind}.get`,
      operation: `GET ${kinds[kind].item}`,
      says: 'what is listed can be got, and is the same',
      needed: true,
      async run(lab) {
        const sample = await settled(lab, kind)
        if (sample === undefined) return nothing(kind)
        const id = textOf(sample.uuid)
        if (id === '') return noText
        const got = thing(await lab.probe.send('get', `${path}/{id}`, { params: { id } }), essentials)
        // What is not over goes on between two looks.
        const same = kind === 'jobs' || isTerminal(sample) ? fields : { uuid: 'id' }
        for (const name of Object.keys(same)) {
          const [listed, alone] = [sample, got].map((one) => JSON.stringify(one[name]) ?? 'nothing')
          must(listed === alone, `${name}: ${cut(alone)}`, `${cut(listed)}, as in the list`)
        }
        return holds()
      },
    },
    {
      id: `${kind}.get_unknown`,
      operation: `GET ${kinds[kind].item}`,
      says: 'what is not there is answered with 404',
      needed: true,
      async run(lab) {
        const seen = await lab.probe.send('get', `${path}/{id}`, { params: { id: unknownId } })
        must(seen.status === 404, describe(seen), '404')
        return holds()
      },
    },
  ]
}

const noText = skipped('ids are no text')
const cut = (text: string | undefined) => (text ?? 'nothing').slice(0, 80)

/** One that does not change any more, if there is one: it is to be compared with itself. */
async function settled(lab: Lab, kind: Kind): Promise<JsonObject | undefined> {
  const { items } = await everything(lab, kinds[kind].path)
  return kind === 'jobs' ? items[0] : (items.find(isTerminal) ?? items[0])
}

/** Lists by a time that one of the items has: what is on the wrong side of it must not be there. */
function windowCheck(kind: Kind, bound: 'created_after' | 'created_before'): Check<Lab> {
  const { path } = kinds[kind]
  return {
    id: `${kind}.${bound}`,
    operation: `GET ${path}?${bound}=`,
    says:
      bound === 'created_after' ? 'a lower bound of when it was made' : 'an upper bound of when it was made',
    async run(lab) {
      const known = (await everything(lab, path)).items.flatMap((item) => {
        const at = instantOf(item.created_at)
        return at === undefined ? [] : [{ item, at }]
      })
      const sorted = known.toSorted((a, b) => a.at - b.at)
      const edge = bound === 'created_after' ? sorted.at(-1) : sorted[0]
      if (edge === undefined) return nothing(kind)
      const { items } = await list(lab, path, { [bound]: textOf(edge.item.created_at) })
      const wrong = items.find(({ created_at }) => {
        const at = instantOf(created_at) ?? edge.at
        return bound === 'created_after' ? at < edge.at : at > edge.at
      })
      if (wrong !== undefined)
        throw new Unmet(
          `one of ${textOf(wrong.created_at)}, for ${textOf(edge.item.created_at)}`,
          'none beyond it',
        )
      const isIn = items.some((item) => idOf(item) === idOf(edge.item))
      if (bound === 'created_after') lab.measured.created_after = isIn ? 'inclusive' : 'exclusive'
      return holds(isIn ? 'the time itself is in' : 'the time itself is not in')
    },
  }
}

const others: readonly Check<Lab>[] = [
  {
    id: 'runs.whole',
    operation: 'GET /job-runs',
    says: 'without filters it has whatever it has with filters: it is not capped in silence',
    needed: true,
    async run(lab) {
      await everything(lab, '/job-runs')
      const parts = new Map<string, string>()
      for (const status of jobRunStatuses)
        for (const item of (await list(lab, '/job-runs', { statuses: [status] })).items)
          parts.set(idOf(item), status)
      // After the parts, so that it has what came meanwhile.
      const whole = new Set((await list(lab, '/job-runs')).items.map(idOf))
      const missing = [...parts].find(([id]) => !whole.has(id))
      must(
        missing === undefined,
        `${whole.size} runs, without ${missing?.[0]}, which statuses=${missing?.[1]} has`,
        'all of them',
      )
      return holds(`${whole.size} of them`)
    },
  },
  {
    id: 'runs.latest',
    operation: 'GET /jobs/{id}/latest-run',
    says: 'the most recent run of a job; 204 when it has none',
    async run(lab) {
      const [run] = (await everything(lab, '/job-runs')).items
      if (run === undefined) return nothing('runs')
      const id = textOf(run.job_id)
      if (id === '') return noText
      const ofJob = (await list(lab, '/job-runs', { job_id: id })).items.filter(({ job_id }) => job_id === id)
      const latest = thing(
        await lab.probe.send('get', '/jobs/{id}/latest-run', { params: { id } }),
        runEssentials,
      )
      must(latest.job_id === id, `a run of job ${textOf(latest.job_id)}`, `one of job ${id}`)
      const at = (item: JsonObject) => instantOf(item.created_at) ?? 0
      const newer = ofJob.find((item) => at(item) > at(latest))
      must(newer === undefined, `${idOf(latest)}, and ${newer && idOf(newer)} is newer`, 'the newest')
      return holds()
    },
  },
  {
    id: 'runs.order',
    operation: 'GET /job-runs',
    says: 'in any order (which one, is only told)',
    async run(lab) {
      const times = (await everything(lab, '/job-runs')).items.map(
        ({ created_at }) => instantOf(created_at) ?? 0,
      )
      if (new Set(times).size < 2) return skipped('there are not two runs of different times')
      const newest = times.every((time, index) => index === 0 || time <= (times[index - 1] ?? 0))
      const oldest = times.every((time, index) => index === 0 || time >= (times[index - 1] ?? 0))
      lab.measured.order = newest ? 'newest_first' : oldest ? 'oldest_first' : 'other'
      return holds(lab.measured.order.replace('_', ' '))
    },
  },
]

export const readingChecks: readonly Check<Lab>[] = [
  ...listChecks('jobs'),
  ...filterChecks('jobs'),
  ...listChecks('runs'),
  ...filterChecks('runs'),
  ...others,
]
