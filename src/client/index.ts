export { type CreateOptions, type JobChangeOptions, JobsClient, type PageQuery } from './client.ts'
export { discoverCapabilities } from './discover-capabilities.ts'
export { JobsApiError, type JobsApiErrorDetails, type JobsApiErrorKind } from './errors.ts'
export type {
  WireCancel,
  WireCancelByKey,
  WireChange,
  WireChanges,
  WireJob,
  WireJobRun,
  WireList,
  WireMessage,
  WireOutputReference,
} from './responses.ts'
export type { CallOptions, JobsClientOptions } from './transport.ts'
export { WorkerReportsClient } from './worker-reports.ts'
