import { existsSync, readFileSync } from 'node:fs'
import { defineConfig } from 'jobwright/job-types'

/** What `jobwright dev --plain` wrote, where it runs in this folder. */
function local(name: 'stack.json' | 'token'): string | undefined {
  const file = new URL(`.jobwright/${name}`, import.meta.url)
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined
}

const stack = JSON.parse(local('stack.json') ?? '{}') as { apiUrl?: string }

/** The Jobs API of HOSTED_API_URL, or else that of the stack: its worker is told of it, others find it in this folder. */
export default defineConfig({
  connections: {
    hosted: {
      url:
        process.env.HOSTED_API_URL ??
        process.env.JOBS_API_URL ??
        stack.apiUrl ??
        'http://127.0.0.1:8300/api/v1',
      // Asked anew for each request, so that a token may be replaced meanwhile.
      token: () => process.env.HOSTED_API_TOKEN ?? process.env.JOBS_API_TOKEN ?? local('token') ?? '',
      // All that waiting costs there, however many runs are open.
      requestsPerSecond: 5,
      // Each run gets a job of its own; that of a run that completed is of no more use.
      deleteJobs: 'after_completion',
      // What only the server's operator can promise. With it, a trigger that got lost is sent again without asking anybody:
      // bounds: { delivery: '60s', listing: '10s' },
    },
  },
})
