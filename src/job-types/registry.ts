import type { JobTypeSchemaEntry } from '../contract/index.ts'
import { checkJobType } from './define-job-type.ts'
import { JobTypeDefinitionError } from './errors.ts'
import { schemaEntry } from './json-schemas.ts'
import type { AnyJobType } from './types.ts'

/** The job types that a server offers or a worker can run. */
export interface JobTypeRegistry {
  get(jobType: string): AnyJobType | undefined
  /** As `GET /jobs/schemas` lists them, in the order given. */
  schemas(): JobTypeSchemaEntry[]
  names(): string[]
}

/** @throws JobTypeDefinitionError when two job types have one name, or one cannot be offered */
export function createRegistry(jobTypes: readonly AnyJobType[]): JobTypeRegistry {
  const byName = new Map<string, AnyJobType>()
  for (const jobType of jobTypes) {
    checkJobType(jobType)
    if (byName.has(jobType.jobType))
      throw new JobTypeDefinitionError(
        `two job types are named ${jobType.jobType}; names of job types are unique, the built-in ones included`,
        'rename yours',
      )
    byName.set(jobType.jobType, jobType)
  }
  const entries = [...byName.values()].map(schemaEntry)
  return {
    get: (name) => byName.get(name),
    schemas: () => structuredClone(entries),
    names: () => [...byName.keys()],
  }
}
