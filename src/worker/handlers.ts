import { fileURLToPath } from 'node:url'
import { JobsClient } from '../client/index.ts'
import { WorkerReportsClient } from '../client/worker-reports.ts'
import { jobRunHeader } from '../contract/index.ts'
import type { HandlingDependencies, HostProgram } from '../executor/index.ts'
import type { JobTypeRegistry, Secrets } from '../job-types/index.ts'

/** The server that a worker runs job runs of, as a worker speaks to it. Plain data: it goes to processes of handlers. */
export interface ServerAccess {
  baseUrl: string
  token: string
  timeoutMs: number
}

/** What a process of handlers is told at its start. Plain data. */
export interface HandlerHostSettings {
  /** A user's `jobwright.config.ts`; undefined: the one in the working directory, if any. */
  configFile: string | undefined
  server: ServerAccess
}

/** How a worker starts processes of handlers. */
export function handlerHost(settings: HandlerHostSettings): HostProgram {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  return { entry: fileURLToPath(new URL(`../handler-host.${extension}`, import.meta.url)), settings }
}

/** What handlers are run with, in whichever process. */
export function handling(
  server: ServerAccess,
  { registry, secrets }: { registry: JobTypeRegistry; secrets: Secrets },
): HandlingDependencies & { reports: WorkerReportsClient } {
  return {
    reports: new WorkerReportsClient(server),
    registry,
    apiFor: (jobRunId) => new JobsClient({ ...server, headers: { [jobRunHeader]: jobRunId } }),
    secrets,
  }
}
