import type { JsonObject } from '../../base/json.ts'
import type { QueryValue } from '../../client/request.ts'
import { isObject } from '../fields.ts'
import {
  everything,
  holds,
  idOf,
  isTerminal,
  type Lab,
  list,
  must,
  skipped,
  textOf,
  Unmet,
  unknownId,
} from '../lab.ts'
import type { Check } from '../types.ts'
import { type Kind, kinds, nothing } from './kinds.ts'

/** Whether filters of the lists leave in what has their value, and nothing else. */

interface Filter {
  id: string
  kind: Kind
  name: string
  needed?: boolean
  /** The value that an item has; undefined where it cannot be told. */
  of(item: JsonObject): string | undefined
  /** A value of the form of others that no item has. */
  none: string
}

const jobType = ({ config }: JsonObject) =>
  isObject(config) && typeof config.job_type === 'string' ? config.job_type : undefined
const filters: readonly Filter[] = [
  { id: 'job_types', kind: 'jobs', name: 'job_types', of: jobType, none: 'no_such_job_type' },
  {
    id: 'created_by',
    kind: 'jobs',
    name: 'created_by_users',
    of: ({ created_by }) => textOf(created_by) || undefined,
    none: 'nobody@conformance.invalid',
  },
  {
    id: 'source_session_ids',
    kind: 'jobs',
    name: 'source_session_ids',
    of: ({ source_session_id }) => textOf(source_session_id) || 'none',
    none: unknownId,
  },
  {
    id: 'job_id',
    kind: 'runs',
    name: 'job_id',
    needed: true,
    of: ({ job_id }) => textOf(job_id) || undefined,
    none: unknownId,
  },
  { id: 'job_types', kind: 'runs', name: 'job_types', of: jobType, none: 'no_such_job_type' },
  {
    id: 'statuses',
    kind: 'runs',
    name: 'statuses',
    needed: true,
    of: ({ status }) => textOf(status) || undefined,
    // A status of the reference in which hardly anything ever is: others might be refused.
    none: 'paused',
  },
]

/** By a value that an item has: that one is in, and no other. By one that none has: nothing is in. */
function filterCheck({ id, kind, name, needed = false, of, none }: Filter): Check<Lab> {
  const { path } = kinds[kind]
  return {
    id: `${kind}.filter_${id}`,
    operation: `GET ${path}?${name}=`,
    says: `only what has one of these values${name === 'job_id' ? ': runs of other jobs are not in it' : ''}`,
    needed,
    async run(lab) {
      const only = async (value: QueryValue, allowed: readonly string[]) => {
        const { items } = await list(lab, path, { [name]: value })
        const other = items.map(of).find((one) => one !== undefined && !allowed.includes(one))
        must(other === undefined, `one of ${other}, for ${name}=${allowed.join(',')}`, 'none of another')
        return items
      }
      const all = (await everything(lab, path)).items
      const strangers = await unlessRefused(() => only(none, [none]))
      // In a status of the reference there may be something.
      must(name === 'statuses' || strangers.length === 0, `${strangers.length} of them, for ${none}`, 'none')
      if (all.length === 0) return nothing(kind)
      const told = all.filter((item) => of(item) !== undefined)
      const withOne = told.filter((item) => of(item) !== 'none')
      const sample = withOne.find(isTerminal) ?? withOne[0]
      if (sample === undefined)
        return told.length === 0 ? skipped('none says what it has') : holds('none has one')
      const value = of(sample) ?? ''
      // A run moves on between two looks; a status it has left shows nothing.
      const isFixed = name !== 'statuses' || isTerminal(sample)
      const items = await only(value, [value])
      const isIn = items.some((item) => idOf(item) === idOf(sample))
      must(isIn || !isFixed, `not ${idOf(sample)}, for ${name}=${value}`, 'what has the value')
      if (name === 'job_id') return holds()
      // Another one that something has, where there is one: the server may refuse what is none.
      const fellow = told.map(of).find((one) => one !== value && one !== 'none') ?? value
      const both = await only([value, fellow], [value, fellow])
      const isInBoth = both.some((item) => idOf(item) === idOf(sample))
      must(
        isInBoth || !isFixed,
        `not ${idOf(sample)}, for ${value} and ${fellow}`,
        'what has one of the values',
      )
      return holds()
    },
  }
}

/** A value that nothing has may be refused as well: then nothing is in. */
async function unlessRefused(look: () => Promise<JsonObject[]>): Promise<JsonObject[]> {
  try {
    return await look()
  } catch (error) {
    if (error instanceof Unmet && /^4\d\d\b/.test(error.found)) return []
    throw error
  }
}

export const filterChecks = (kind: Kind): Check<Lab>[] =>
  filters.filter((filter) => filter.kind === kind).map(filterCheck)
