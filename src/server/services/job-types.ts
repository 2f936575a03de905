import { parseDurationMs } from '../../base/duration.ts'
import type { JobTypeSchemaEntry } from '../../contract/index.ts'
import type { ExecutionOptions } from '../ports/index.ts'

/** What the services ask of the registry of job types. */
export interface JobTypeCatalog {
  get(
    jobType: string,
  ): { nameField?: string; timeout?: string; queueTimeout?: string; taskQueue?: string } | undefined
  schemas(): JobTypeSchemaEntry[]
}

/** Where and how long runs of a job type execute; fixed when a run is triggered. */
export function executionOptions(catalog: JobTypeCatalog, jobType: string): ExecutionOptions {
  const definition = catalog.get(jobType)
  return {
    taskQueue: definition?.taskQueue ?? null,
    timeoutMs: toMs(definition?.timeout),
    queueTimeoutMs: toMs(definition?.queueTimeout),
  }
}

function toMs(duration: string | undefined): number | null {
  return duration === undefined ? null : (parseDurationMs(duration) ?? null)
}
