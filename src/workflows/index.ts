export { runBackfill } from './run-backfill.ts'
export { runPipeline } from './run-pipeline.ts'
export { sweepClosedRuns } from './sweep-closed-runs.ts'
export { watchChanges } from './watch-changes.ts'
