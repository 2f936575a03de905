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
export {
  ensureSearchAttributes,
  isUnknownSearchAttribute,
  missingSearchAttributes,
  registrationCommands,
  SearchAttributesError,
} from './search-attributes.ts'
