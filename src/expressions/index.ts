export {
  type CheckedExpression,
  checkExpression,
  createExpressionChecker,
  type ExpressionChecker,
  type ExpressionProblem,
  type ExpressionReferences,
  type ScopeShape,
} from './check.ts'
export { ExpressionError } from './errors.ts'
export {
  type ExpressionScope,
  evaluateCondition,
  evaluateExpression,
} from './evaluate.ts'
export { isForbiddenMember } from './guard.ts'
export { noReferences } from './references.ts'
