import { defineConfig } from 'jobwright/job-types'
import { hook } from './hook.ts'
import { listSites } from './job-types/list-sites.ts'
import { readMeter } from './job-types/read-meter.ts'
import { sumUp } from './job-types/sum-up.ts'

/** Loaded by server and worker. */
export default defineConfig({
  jobTypes: [listSites, readMeter, sumUp],
  secrets: { NIGHT_HOOK: hook.secret },
  // Webhooks go to the public internet only, unless an address is named here.
  notificationTargets: [`127.0.0.1:${hook.port}`],
})
