import { type Capabilities, limits } from '../../contract/index.ts'
import { type Handlers, json } from './handler.ts'

export function capabilityHandlers(version: string): Handlers<'getCapabilities'> {
  const capabilities: Capabilities = {
    server: 'jobwright',
    version,
    idempotency_keys: true,
    cancel_by_key: true,
    long_poll_seconds: limits.longPollSeconds,
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
  return { getCapabilities: () => json(capabilities) }
}
