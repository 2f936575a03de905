export { type CreateOptions, type JobChangeOptions, JobsClient, type PageQuery } from './client.ts'
export { discoverCapabilities } from './discover-capabilities.ts'
export { JobsApiError, type JobsApiErrorDetails, type JobsApiErrorKind } from './errors.ts'
export {
  incompleteness,
  type WireCancel,
  type WireCancelByKey,
  type WireChange,
  type WireChanges,
  type WireJob,
  type WireJobRun,
  type WireList,
  type WireMessage,
  type WireOutputReference,
} from './responses.ts'
export type { CallOptions, JobsClientOptions } from './transport.ts'
export { WorkerReportsClient } from './worker-reports.ts'
