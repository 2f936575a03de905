import { JobsClient } from '../../src/client/index.ts'
import { WorkerReportsClient } from '../../src/client/worker-reports.ts'
import type { HandlingDependencies } from '../../src/executor/handle.ts'
import { createRegistry } from '../../src/job-types/registry.ts'
import { testJobTypes } from './test-job-types.ts'

const secrets = {
  PLAIN: 'canary-plain"quoted',
  ASYNC: async () => 'canary-async/4711',
  NAME: 'canary_name',
  SHORT: 'abc',
  BROKEN: () => Promise.reject(new Error('canary-broken')),
}

/** The job types of the tests, and what they are run with. */
export function testHandling(server: {
  baseUrl: string
  token: string
  timeoutMs: number
}): HandlingDependencies {
  return {
    reports: new WorkerReportsClient(server),
    registry: createRegistry(testJobTypes),
    apiFor: () => new JobsClient(server),
    secrets,
  }
}
