export { finalError, readOutputs, runGeneration } from './fenced/run-generation.ts'
export type { RemoteRunTiming } from './timing.ts'
