export { type ConfigChecker, checkValue, createConfigChecker } from './checker.ts'
export { UnusableSchemaError } from './compile.ts'
export { problemsOfInput } from './input-value.ts'
export type { ConfigProblem, IsUnknown } from './problems.ts'
