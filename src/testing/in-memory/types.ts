import type { JsonObject } from '../../base/json.ts'
import type { JobRun } from '../../contract/index.ts'
import type { AnyJobType } from '../../job-types/index.ts'
import type { JobRunRecord } from '../../pipeline/plan/index.ts'
import type { InMemoryFault } from './faults.ts'
import type { InMemoryHandler } from './handlers.ts'
import type { StoredOutputs } from './outputs.ts'

/** One generation of a step or item, and what its job run is made of. */
export interface InMemoryRequest {
  step: string
  /** 0-based; null outside `for_each`. */
  item: number | null
  generation: number
  jobType: string
  config: JsonObject
  /** Where it is one that was there before. */
  jobId?: string
  fault: InMemoryFault | undefined
}

/** A job run of a Jobs API in memory. */
export interface InMemoryJobRun {
  readonly request: InMemoryRequest
  readonly shown: JobRun
  readonly outputs: StoredOutputs
  record(): JobRunRecord
  /** Asks its handler to stop; the run ends when that has. */
  cancel(): void
}

/** What does the work of a job type. */
export interface InMemoryWork {
  jobType: AnyJobType
  /** In place of the job type's own. */
  handler?: InMemoryHandler
}

/** One call of a handler. */
export interface HandlerCall {
  jobType: string
  step: string
  /** 0-based; null outside `for_each`. */
  item: number | null
  generation: number
  /** More than 1 after a `RetryableError`. */
  attempt: number
  /** As the handler was given it: with outputs and secrets filled in. */
  config: JsonObject
}

/** What a handler logged. */
export interface InMemoryLogLine {
  step: string
  item: number | null
  level: string
  message: string
}
