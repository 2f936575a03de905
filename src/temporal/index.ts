export {
  connectionOptions,
  connectTemporal,
  lazyTemporalClient,
  requireStandaloneActivities,
  TemporalCapabilityError,
  type TemporalOptions,
  TemporalTlsError,
  TemporalUnreachableError,
} from './connect.ts'
