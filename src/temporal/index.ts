export {
  connectTemporal,
  endpointOptions,
  lazyTemporalClient,
  requireStandaloneActivities,
  serverVersion,
  type TemporalOptions,
} from './connect.ts'
export { fromTemporal, TemporalUnreachableError, throwFromTemporal } from './failures.ts'
export { dataConverter, packedBytes, packing, payloadCodec } from './payload-codec.ts'
export { pollersOf } from './pollers.ts'
export {
  ensureSearchAttributes,
  isUnknownSearchAttribute,
  missingSearchAttributes,
  registrationCommands,
  SearchAttributesError,
} from './search-attributes.ts'
export {
  ensureSweepSchedule,
  readSweeps,
  removeSweepSchedule,
  type SweepState,
} from './sweep-schedule.ts'
