export type { SavedJob } from './engine.ts'
export {
  cancel,
  cancelRun,
  type FaultOptions,
  fail,
  failOnce,
  type InMemoryFault,
  type InMemoryFaults,
  reject,
  timeout,
} from './faults.ts'
export {
  type DeclaredOutputs,
  fails,
  hangs,
  type InMemoryContext,
  type InMemoryHandler,
  type InMemoryJobs,
  type InMemoryOutputs,
  type MockedJobType,
  mock,
  succeeds,
  takes,
} from './handlers.ts'
export { type RecordedRun, type Recording, recorded, recordJobs } from './recording.ts'
export type { TestedItem, TestedRun, TestedStep } from './result.ts'
export {
  type GivenInputs,
  type TestedPipeline,
  type TestPipelineOptions,
  testPipeline,
} from './test-pipeline.ts'
export type { HandlerCall, InMemoryLogLine } from './types.ts'
export type { KnownJobTypes } from './work.ts'
