import { defineConfig } from '../../src/job-types/index.ts'

const url = process.env.FOREIGN_URL ?? 'http://127.0.0.1:9/api/v1'

/** The same foreign server as the default connection's, with bounds that its operator vouches for. */
export const { connections, secrets } = defineConfig({
  connections: {
    bounded: {
      url,
      token: 'foreign-token-0123456789',
      bounds: { delivery: '1s', listing: '500ms' },
      requestsPerSecond: 50,
      deleteJobs: 'after_completion',
    },
  },
  secrets: { CANARY: 'canary-4711-of-a-secret', SECOND: () => 'canary-4712-of-a-function' },
})
