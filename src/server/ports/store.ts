import type { Changes } from './changes.ts'
import type { Dispatch } from './dispatch.ts'
import type { Documents } from './documents.ts'
import type { JobRuns } from './job-runs.ts'
import type { Jobs } from './jobs.ts'
import type { Metagraphs } from './metagraphs.ts'
import type { Reports } from './reports.ts'
import type { SavedPipelines } from './saved-pipelines.ts'
import type { Tokens } from './tokens.ts'

/** Everything that a store keeps. Each part is a port of its own: whoever needs one names that one. */
export interface JobStore {
  tokens: Tokens
  jobs: Jobs
  runs: JobRuns
  changes: Changes
  documents: Documents
  metagraphs: Metagraphs
  pipelines: SavedPipelines
  reports: Reports
  dispatch: Dispatch
  /** Tells this database apart from every other; never changes. */
  installationId(): Promise<string>
  ping(): Promise<void>
  close(): Promise<void>
}
