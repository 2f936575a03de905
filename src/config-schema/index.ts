export { type ConfigChecker, checkValue, createConfigChecker } from './checker.ts'
export { UnusableSchemaError } from './compile.ts'
export type { ConfigProblem, IsUnknown } from './problems.ts'
