import { TypeError as CelTypeError, EvaluationError, ParseError } from '@marcbachmann/cel-js'
import { messageOf } from '../base/causes.ts'
import { JobwrightError } from '../base/errors.ts'

/**
 * An expression that cannot be parsed, is refused, or fails with the values it met.
 * Codes: `expression_syntax`, `expression_type`, `expression_refused`, `expression_unknown_name`,
 * `expression_missing_value`, `expression_limit`, `expression_result`, `expression_failed`.
 */
export class ExpressionError extends JobwrightError {
  override readonly name = 'ExpressionError'
  /** Where in the source, as UTF-16 offsets; absent when the whole expression is meant. */
  readonly range: { start: number; end: number } | undefined

  constructor(code: string, message: string, range?: { start: number; end: number }) {
    super({ code, fault: 'usage', message })
    this.range = range
  }
}

type CelFailure = ParseError | EvaluationError | CelTypeError

function isCelFailure(error: unknown): error is CelFailure {
  return error instanceof ParseError || error instanceof EvaluationError || error instanceof CelTypeError
}

const typeCodes = new Set([
  'no_such_overload',
  'no_matching_overload',
  'invalid_condition_type',
  'invalid_logical_operand',
  'incompatible_ternary_branches',
  'invalid_index_type',
  'cannot_index_type',
  'invalid_comprehension_range',
  'variable_type_mismatch',
  'invalid_macro_argument',
])

const missingCodes = new Set(['no_such_key', 'index_out_of_bounds'])

function codeOf(error: CelFailure): string {
  const { code } = error
  if (code === 'limit_exceeded') return 'expression_limit'
  if (code === 'unknown_variable') return 'expression_unknown_name'
  if (error instanceof ParseError) return 'expression_syntax'
  if (missingCodes.has(code)) return 'expression_missing_value'
  if (error instanceof CelTypeError || typeCodes.has(code)) return 'expression_type'
  return 'expression_failed'
}

/** Whatever the CEL library throws, as an ExpressionError with one line of message. */
export function toExpressionError(error: unknown): ExpressionError {
  if (error instanceof ExpressionError) return error
  if (isCelFailure(error)) return new ExpressionError(codeOf(error), error.summary, error.range)
  if (error instanceof RangeError)
    return new ExpressionError('expression_limit', 'the expression is nested too deeply')
  return new ExpressionError('expression_failed', messageOf(error))
}
