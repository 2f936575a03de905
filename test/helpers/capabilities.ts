import type { Capabilities } from '../../src/contract/index.ts'

/** Of a server that offers everything. */
export const allCapabilities: Capabilities = {
  server: 'jobwright',
  version: '0.0.0',
  idempotency_keys: true,
  cancel_by_key: true,
  long_poll_seconds: 60,
  change_feed: true,
  client_ref: true,
  value_references: true,
  run_logs: true,
  outputs: true,
  documents: true,
  metagraphs: true,
  whoami: true,
  job_names: true,
  pipelines: true,
  schedules: true,
  one_call_triggers: true,
  feed_by_client_ref: true,
}
