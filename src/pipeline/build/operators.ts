import type { StepStatus } from '../plan/transitions.ts'
import { binding, bound, type CelVariable, cel as celOf, member, named, rawBinding } from './cel.ts'
import { type Expression, expression, expressionOf, lift, needExpression } from './expression.ts'
import { BuilderError } from './mistakes.ts'
import { operand, operation, textAsCel } from './operands.ts'
import { type Mark, markCaller } from './place.ts'
import { stepOf } from './step-record.ts'
import type { AnyStep, ListOnly } from './step-types.ts'
import type { Expr, ExprOf, IsOpen, ItemOf, ValueOf } from './values.ts'

/*
 * Helpers that make expressions of expressions. What they return is CEL in the plan; nothing of them runs later.
 */

/** Refuses what can never be equal. */
export type Comparable<Left, Right> = [ValueOf<Left> & ValueOf<Right>] extends [never]
  ? ExprOf<ValueOf<Left>>
  : unknown

/** What has an order. */
export type Ordered<V> =
  IsOpen<V> extends true ? number | string : V extends number ? number : V extends string ? string : never
export type InOrder<Left, Right> = [Ordered<ValueOf<Left>> & Ordered<ValueOf<Right>>] extends [never]
  ? ExprOf<Ordered<ValueOf<Left>>>
  : unknown

/** `left == right` */
export function eq<const Left, const Right>(
  left: Left,
  right: Right & NoInfer<Comparable<Left, Right>>,
): Expr<boolean> {
  return lift(operation('==', binding.relation, [left, right], markCaller(eq)))
}

/** `left != right` */
export function ne<const Left, const Right>(
  left: Left,
  right: Right & NoInfer<Comparable<Left, Right>>,
): Expr<boolean> {
  return lift(operation('!=', binding.relation, [left, right], markCaller(ne)))
}

/** `left > right` */
export function gt<const Left, const Right>(
  left: Left,
  right: Right & NoInfer<InOrder<Left, Right>>,
): Expr<boolean> {
  return lift(operation('>', binding.relation, [left, right], markCaller(gt)))
}

/** `left >= right` */
export function ge<const Left, const Right>(
  left: Left,
  right: Right & NoInfer<InOrder<Left, Right>>,
): Expr<boolean> {
  return lift(operation('>=', binding.relation, [left, right], markCaller(ge)))
}

/** `left < right` */
export function lt<const Left, const Right>(
  left: Left,
  right: Right & NoInfer<InOrder<Left, Right>>,
): Expr<boolean> {
  return lift(operation('<', binding.relation, [left, right], markCaller(lt)))
}

/** `left <= right` */
export function le<const Left, const Right>(
  left: Left,
  right: Right & NoInfer<InOrder<Left, Right>>,
): Expr<boolean> {
  return lift(operation('<=', binding.relation, [left, right], markCaller(le)))
}

/** True when all are. */
export function and(first: ExprOf<boolean>, ...others: ExprOf<boolean>[]): Expr<boolean> {
  return lift(operation('&&', binding.and, [first, ...others], markCaller(and), binding.and))
}

/** True when one of them is. */
export function or(first: ExprOf<boolean>, ...others: ExprOf<boolean>[]): Expr<boolean> {
  return lift(operation('||', binding.or, [first, ...others], markCaller(or), binding.or))
}

/** True when the condition is not. */
export function not(condition: ExprOf<boolean>): Expr<boolean> {
  const mark = markCaller(not)
  const inner = operand(condition, mark)
  return lift(expression(celOf(binding.sign, '!', bound(inner.cel, binding.member)), mark, [inner]))
}

function call(mark: Mark, name: string, ...values: unknown[]): Expression {
  const inner = values.map((value) => operand(value, mark))
  const given = inner.flatMap((one, index) => (index === 0 ? [one.cel] : [', ', one.cel]))
  return expression(celOf(binding.member, `${name}(`, ...given, ')'), mark, inner)
}

export type Sized = string | readonly unknown[] | object | null
export type WithSize<V> = IsOpen<V> extends true ? unknown : [V] extends [Sized] ? unknown : ExprOf<Sized>

/** How many characters a text, items a list or fields a map has. */
export function size<const V>(value: V & NoInfer<WithSize<ValueOf<V>>>): Expr<number> {
  return lift(call(markCaller(size), 'size', value))
}

/** Whether a field that may be missing is there: `has(report.outputs.summary)`. */
export function has(field: ExprOf<unknown> | undefined): Expr<boolean> {
  return lift(call(markCaller(has), 'has', lift(needExpression(field, has))))
}

/** Whether a text holds another one. */
export function contains(text: ExprOf<string> | string, part: ExprOf<string> | string): Expr<boolean> {
  const mark = markCaller(contains)
  const [whole, inner] = [operand(text, mark), operand(part, mark)]
  const made = celOf(binding.member, bound(whole.cel, binding.member), '.contains(', inner.cel, ')')
  return lift(expression(made, mark, [whole, inner]))
}

/** Whether a list has a value among its items. */
export function oneOf<const V, const List>(
  value: V,
  list: List & NoInfer<ListOnly<List> & Comparable<V, ItemOf<ValueOf<List>>>>,
): Expr<boolean> {
  return lift(operation('in', binding.relation, [value, list], markCaller(oneOf)))
}

export type ItemTest<List> = (item: Expr<ItemOf<ValueOf<List>>>) => ExprOf<boolean>

/** Whether the test holds for some item. The function is called once, here; its parameter names the variable. */
export function exists<List>(list: List & NoInfer<ListOnly<List>>, test: ItemTest<List>): Expr<boolean> {
  return lift(macro('exists', list, test as (item: unknown) => unknown, markCaller(exists)))
}

/** Whether the test holds for all items. The function is called once, here; its parameter names the variable. */
export function all<List>(list: List & NoInfer<ListOnly<List>>, test: ItemTest<List>): Expr<boolean> {
  return lift(macro('all', list, test as (item: unknown) => unknown, markCaller(all)))
}

function macro(name: string, list: unknown, test: (item: unknown) => unknown, mark: Mark): Expression {
  const whole = operand(list, mark)
  // The name says more to who reads the plan than `x` does.
  const [, wanted] = /^(?:async\s+)?(?:function\s*\w*\s*)?\(?\s*([A-Za-z_]\w*)/.exec(String(test)) ?? []
  const variable: CelVariable = { wanted: wanted ?? 'x' }
  const item = expression({ binds: binding.member, parts: [variable] }, mark, [
    { buildings: whole.buildings },
  ])
  const body = operand(test(lift(item)), mark)
  const chosen = named(variable, body.cel)
  const made = celOf(
    binding.member,
    bound(whole.cel, binding.member),
    `.${name}(${chosen.name}, `,
    chosen.body,
    ')',
  )
  return expression(made, mark, [whole, body])
}

/**
 * CEL as it is, with values in it: what no other helper says.
 *
 * @example
 * ```ts
 * import { cel, type Expr } from 'jobwright'
 *
 * export const next = (index: Expr<number>) => cel<number>`${index} + 1`
 * ```
 */
export function cel<T = unknown>(texts: TemplateStringsArray, ...values: readonly unknown[]): Expr<T> {
  const mark = markCaller(cel)
  const inner = values.map((value) => operand(value, mark))
  const [only] = inner
  if (only && inner.length === 1 && texts.every((text) => text.trim() === '')) return lift({ ...only, mark })
  const parts = texts.flatMap((text, index) => {
    const value = inner[index]
    return value ? [text, bound(value.cel, binding.member)] : [text]
  })
  const made = celOf(rawBinding(texts.length === 1 ? (texts[0] ?? '').trim() : '?'), ...parts)
  return lift(expression(trimmed(made), mark, inner))
}

function trimmed(made: ReturnType<typeof celOf>): ReturnType<typeof celOf> {
  const last = made.parts.length - 1
  const parts = made.parts.map((part, index) => {
    if (typeof part !== 'string') return part
    const begun = index === 0 ? part.trimStart() : part
    return index === last ? begun.trimEnd() : begun
  })
  return { ...made, parts }
}

/**
 * Text with values in it.
 *
 * @example
 * ```ts
 * import { type Expr, text } from 'jobwright'
 *
 * export const title = (system: Expr<string>) => text`${system} review`
 * ```
 */
export function text(texts: TemplateStringsArray, ...values: readonly unknown[]): Expr<string> {
  const mark = markCaller(text)
  const parts: (string | Expression)[] = []
  const add = (part: string | Expression): void => {
    const last = parts.at(-1)
    if (part === '') return
    if (typeof part === 'string' && typeof last === 'string') parts[parts.length - 1] = last + part
    else parts.push(part)
  }
  texts.forEach((literal, index) => {
    add(literal)
    if (index >= values.length) return
    const value = values[index]
    const found = expressionOf(value)
    if (found?.text) found.text.forEach(add)
    else if (found) add(found)
    else if (typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value))
      add(String(value))
    else operandOfText(value, mark)
  })
  const read = parts.filter((part) => typeof part !== 'string')
  return lift({ ...expression(textAsCel(parts), mark, read), text: parts })
}

function operandOfText(value: unknown, mark: Mark): never {
  operand(value, mark)
  throw new BuilderError({
    code: 'wrong_type',
    message: 'text`…` takes expressions, text, numbers and booleans',
    fix: 'give JSON.stringify(value)',
    mark,
  })
}

/** A secret, in a config: resolved where the handler runs. */
export function secret(name: string): Expr<string> {
  return lift(expression(celOf(binding.member, `secrets.${name}`), markCaller(secret)))
}

/** In an `if`: every need is completed, or failed and told to continue. What a condition implies that names none of these. */
export function completed(): Expr<boolean> {
  return lift(expression(celOf(binding.member, 'completed()'), markCaller(completed)))
}

/** In an `if`: some need failed. */
export function failed(): Expr<boolean> {
  return lift(expression(celOf(binding.member, 'failed()'), markCaller(failed)))
}

/** In an `if`: whatever happened. */
export function always(): Expr<boolean> {
  return lift(expression(celOf(binding.member, 'always()'), markCaller(always)))
}

/** In an `if`: the pipeline run was cancelled. */
export function cancelled(): Expr<boolean> {
  return lift(expression(celOf(binding.member, 'cancelled()'), markCaller(cancelled)))
}

function partOfStep(step: AnyStep, part: string, mark: Mark): Expression {
  const record = stepOf(step)
  if (!record)
    throw new BuilderError({
      code: 'not_a_step',
      message: 'this is no step',
      fix: 'give what `step(…)` returned',
      mark,
    })
  const from = { reads: new Set([record]), buildings: new Set([record.building]) }
  return expression(member(member(celOf(binding.member, 'steps'), record.name), part), mark, [from])
}

/** How a step ended. */
export function status(step: AnyStep): Expr<StepStatus> {
  return lift(partOfStep(step, 'status', markCaller(status)))
}

/** The step's job run as the API shows it, without its config. */
export function runOf(step: AnyStep): Expr<unknown> {
  return lift(partOfStep(step, 'run', markCaller(runOf)))
}

/** Of the pipeline run. */
export const pipeline = Object.freeze({
  get runId(): Expr<string> {
    return lift(expression(celOf(binding.member, 'pipeline.run_id'), markCaller(pipelineGetter('runId'))))
  },
  /** ISO 8601. */
  get startedAt(): Expr<string> {
    return lift(
      expression(celOf(binding.member, 'pipeline.started_at'), markCaller(pipelineGetter('startedAt'))),
    )
  },
})

function pipelineGetter(name: 'runId' | 'startedAt'): (...given: never[]) => unknown {
  return Object.getOwnPropertyDescriptor(pipeline, name)?.get ?? markCaller
}
