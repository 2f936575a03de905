export { createReadFinder, type ReadFinder } from './reads.ts'
export {
  dataFor,
  dataOf,
  type Each,
  explainMissing,
  type MissingOutput,
  missingOutputs,
  outputNotReady,
  type PipelineData,
  type Read,
  refuseTooLarge,
  resolveOutput,
  scopeOf,
} from './scope.ts'
export { listOf, type ResolvedJob, type ResolvedStep, resolveStep, valuesOf } from './step.ts'
export { evaluationError } from './step-error.ts'
export { evaluateValue } from './value.ts'
