export {
  type ConfigChecker,
  type ConfigProblem,
  createConfigChecker,
  type IsUnknown,
} from '../config-schema/index.ts'
export * from './build/index.ts'
export { checkPlan } from './compile/check-plan.ts'
export type { CompiledPipeline, CompileOptions } from './compile/compile.ts'
export { pipelineJsonSchema } from './compile/definition.ts'
export { type ResolvedInputs, resolveInputs } from './compile/inputs.ts'
export { namesFile, type ResolvedPipeline, type ResolvePipeline, unknownPipeline } from './compile/nested.ts'
export { type DrawingFormat, drawPipeline } from './draw/draw.ts'
export { PipelineFindingsError } from './findings-error.ts'
export type { Finding } from './nodes/findings.ts'
export { compilePipeline, pipelineName, pipelineYaml } from './pipeline-file.ts'
export {
  compilePipelineFile,
  type FoundPipeline,
  noFiles,
  type PipelineFiles,
  savedPlace,
} from './pipeline-files.ts'
export * from './plan/index.ts'
export { compileScheduleMap, type ScheduleProblem } from './schedule-map.ts'
export { badUtf8 } from './yaml/read.ts'
