export { type CreateOptions, JobsClient, type PageQuery } from './client.ts'
export { JobsApiError, type JobsApiErrorDetails, type JobsApiErrorKind } from './errors.ts'
export type {
  WireCancel,
  WireCancelByKey,
  WireChanges,
  WireJob,
  WireJobRun,
  WireList,
  WireMessage,
  WireOutputReference,
} from './responses.ts'
export type { CallOptions, JobsClientOptions } from './transport.ts'
export { WorkerReportsClient } from './worker-reports.ts'
