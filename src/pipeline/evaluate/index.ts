export { createReadFinder, type ReadFinder } from './reads.ts'
export {
  dataOf,
  type Each,
  type MissingOutput,
  missingOutputs,
  type PipelineData,
  type Read,
  refuseTooLarge,
  resolveOutput,
  scopeOf,
} from './scope.ts'
export { listOf, type ResolvedJob, type ResolvedStep, resolveStep, valuesOf } from './step.ts'
export { evaluationError } from './step-error.ts'
export { evaluateValue } from './value.ts'
