export { runPipeline } from './run-pipeline.ts'
export { watchChanges } from './watch-changes.ts'
