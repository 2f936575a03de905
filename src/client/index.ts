export { JobsClient } from './client.ts'
export { discoverCapabilities } from './discover-capabilities.ts'
export { JobsApiError, type JobsApiErrorDetails, type JobsApiErrorKind } from './errors.ts'
export { incompleteness, type WireList } from './lists.ts'
export type { CreateOptions, JobChangeOptions, PageQuery } from './options.ts'
export {
  type FollowOptions,
  PipelineRunsClient,
  type PipelineSource,
  type SavePipelineOptions,
  type StartRunOptions,
} from './pipeline-runs.ts'
export { wasNotProcessed } from './resend.ts'
export type {
  WireCancel,
  WireCancelByKey,
  WireChange,
  WireChanges,
  WireJob,
  WireJobRun,
  WireMessage,
  WireOutputReference,
} from './responses.ts'
export { isSameId } from './responses.ts'
export {
  type ApplyScheduleOptions,
  type BackfillRange,
  PipelineSchedulesClient,
  type ScheduleSource,
  type SimulatedSource,
  type TriggerScheduleOptions,
} from './schedules.ts'
export type { CallOptions, JobsClientOptions } from './transport.ts'
