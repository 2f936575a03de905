export {
  type CheckedExpression,
  checkExpression,
  createExpressionChecker,
  type ExpressionChecker,
  type ExpressionProblem,
  type ExpressionReferences,
  type KnownValues,
  type ScopeShape,
} from './check.ts'
export { ExpressionError } from './errors.ts'
export {
  type ExpressionScope,
  evaluateCondition,
  evaluateExpression,
} from './evaluate.ts'
export { isForbiddenMember } from './guard.ts'
export { type Ids, noReferences } from './references.ts'
export {
  anyShape,
  type Clash,
  clashOf,
  describeShape,
  fieldOf,
  intersection,
  noShape,
  numberShape,
  shapeOf,
  shapeOfKinds,
  shapeOfValues,
  union,
  type ValueKind,
  type ValueShape,
} from './value-shape.ts'
