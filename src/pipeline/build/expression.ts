import type { Bits } from '../plan/bits.ts'
import { type Cel, celSource, member } from './cel.ts'
import { BuilderError, type Mistake } from './mistakes.ts'
import { type Mark, markCaller } from './place.ts'
import type { Expr, ExprOf } from './values.ts'

/** A pipeline while its function runs. */
export interface Building {
  /** Takes a mistake down. False when it is too late for that. */
  report(mistake: Mistake): boolean
}

/** A step, to those who need it. */
export interface StepRecord {
  readonly building: Building
  readonly name: string
  readonly needs: readonly StepRecord[]
  /** Among the steps of its pipeline, in the order in which they were defined. */
  readonly place: number
  /** The places of what is done before it begins: with `start: 'any'` not all that it needs. */
  readonly before: Bits
}

/** The step that an `item` is of. */
export type ItemScope = object

/** What stands behind an `Expr`. */
export interface Expression {
  readonly cel: Cel
  /** Where it is text with values in it. */
  readonly text?: readonly (string | Expression)[]
  /** The steps whose values it reads. */
  readonly reads: ReadonlySet<StepRecord>
  readonly items: ReadonlySet<ItemScope>
  /** The pipelines that its values are of. */
  readonly buildings: ReadonlySet<Building>
  readonly mark: Mark
}

/** Shared by all copies of this package that a program loads. */
const behind = Symbol.for('jobwright.expression')

const none: ReadonlySet<never> = new Set()

export function expression(cel: Cel, mark: Mark, from: readonly Partial<Expression>[] = []): Expression {
  const all = <Part>(
    pick: (one: Partial<Expression>) => ReadonlySet<Part> | undefined,
  ): ReadonlySet<Part> => {
    const found = new Set(from.flatMap((one) => [...(pick(one) ?? [])]))
    return found.size === 0 ? none : found
  }
  return {
    cel,
    mark,
    reads: all((one) => one.reads),
    items: all((one) => one.items),
    buildings: all((one) => one.buildings),
  }
}

/** What stands behind a value that is an `Expr`. */
export function expressionOf(value: unknown): Expression | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  return (value as { [behind]?: Expression })[behind]
}

function misused(found: Expression, mark: Mark, what: string, fix: string): void {
  const mistake: Mistake = {
    code: 'expression_misused',
    message: `\`${celSource(found.cel)}\` has no value before the pipeline runs: it cannot be ${what}`,
    fix,
    mark,
  }
  const takers = [...found.buildings].filter((building) => building.report(mistake))
  if (takers.length === 0) throw new BuilderError(mistake)
}

const textFix = 'use text`…` for text with values in it, and eq, gt, and, cel`…` to compute'

/** What a program does to a value without naming one of its fields. Each is a mistake that is taken down. */
function unnamed(found: Expression, key: symbol): unknown {
  switch (key) {
    case behind:
      return found
    case Symbol.toPrimitive:
      return function toPrimitive(): string {
        misused(found, markCaller(toPrimitive), 'made text or a number', textFix)
        return celSource(found.cel)
      }
    case Symbol.iterator:
    case Symbol.asyncIterator:
      return function iterate(): Iterator<never> {
        misused(found, markCaller(iterate), 'gone through', 'use step.each for a run for each of its items')
        return [][Symbol.iterator]()
      }
    default:
      return undefined
  }
}

function field(found: Expression, key: string, trap: (...given: never[]) => unknown): unknown {
  if (key === 'then') {
    misused(found, markCaller(trap), 'awaited', 'remove `await`; a field of this name is cel`….then`')
    return undefined
  }
  if (key === 'toJSON')
    return function toJson(): string {
      misused(found, markCaller(toJson), 'made JSON', 'put it into a config as it is')
      return celSource(found.cel)
    }
  if (key === 'toString' || key === 'valueOf')
    return function toText(): string {
      misused(found, markCaller(toText), 'made text or a number', textFix)
      return celSource(found.cel)
    }
  return lift(expression(member(found.cel, key), markCaller(trap), [found]))
}

/** An expression as the user's program sees it: reading a field gives an expression. */
export function lift<T = never>(found: Expression): Expr<T> {
  const get = (_: object, key: string | symbol): unknown =>
    typeof key === 'symbol' ? unnamed(found, key) : field(found, key, get)
  const has = (_: object, key: string | symbol): boolean => {
    if (key === behind) return true
    if (typeof key === 'string') misused(found, markCaller(has), 'looked into', 'use has(…)')
    return false
  }
  const ownKeys = (): string[] => {
    misused(found, markCaller(ownKeys), 'spread or gone through', 'name the fields that are wanted')
    return []
  }
  const refuse = (): boolean => false
  const traps = { get, has, ownKeys, set: refuse, defineProperty: refuse, deleteProperty: refuse }
  const proxy: unknown = new Proxy(Object.create(null) as object, traps)
  return proxy as Expr<T>
}

/** A value that is used where only expressions make sense. */
export function needExpression(
  value: ExprOf<unknown> | undefined,
  called: (...given: never[]) => unknown,
): Expression {
  const found = expressionOf(value)
  if (found) return found
  throw new BuilderError({
    code: 'not_an_expression',
    message: `${called.name} takes an expression, found ${value === undefined ? 'undefined' : typeof value}`,
    fix: 'give it an input, an output of a step, or what another helper returns',
    mark: markCaller(called),
  })
}
