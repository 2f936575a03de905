import { jobEssentials, jobFields, runEssentials, runFields } from '../fields.ts'
import { skipped } from '../lab.ts'

export const kinds = {
  jobs: { path: '/jobs', fields: jobFields, essentials: jobEssentials, one: 'a job', item: '/jobs/{id}' },
  runs: {
    path: '/job-runs',
    fields: runFields,
    essentials: runEssentials,
    one: 'a job run',
    item: '/job-runs/{id}',
  },
} as const
export type Kind = keyof typeof kinds

export const nothing = (kind: Kind) => skipped(`there is not ${kinds[kind].one}; --write makes one`)
