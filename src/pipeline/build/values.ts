/*
 * The types of values that exist only when a pipeline runs. Nothing here is there at runtime.
 */

declare const valueType: unique symbol

/** Something that will be a `T` when the pipeline runs: what takes an expression takes this. */
export interface ExprOf<out T> {
  readonly [valueType]: T
}

/**
 * A value of a pipeline run: an input, an output of a step, or what follows from them. Its fields are expressions, too. It stands in a
 * config, a condition, a list to go through or an output; it is no text and no number of its own, so use `eq`, `text`, `cel`, … on it.
 */
export type Expr<T> = ExprOf<T> &
  (IsOpen<T> extends true ? OpenFields : FieldsOf<Exclude<T, null | undefined>>)

/** `unknown`, or `any`. */
export type IsOpen<T> = unknown extends T ? true : false

export type Primitive = string | number | boolean | bigint | symbol | null | undefined

/** Of a value of which nothing is known any field may be read. */
export interface OpenFields {
  readonly [name: string]: Expr<unknown>
}

export type FieldsOf<T> = [T] extends [readonly (infer Item)[]]
  ? { readonly [index: number]: Expr<Item> }
  : [T] extends [Primitive]
    ? unknown
    : T extends object
      ? { readonly [Name in keyof T]-?: Expr<Exclude<T[Name], undefined>> }
      : unknown

/** What may stand for a `T`: an expression, a `T`, or a `T` with expressions in it. */
export type Lift<T> = IsOpen<T> extends true ? unknown : ExprOf<T> | LiftParts<T>

export type LiftParts<T> = T extends Primitive
  ? T
  : T extends object
    ? { readonly [Part in keyof T]: Lift<Exclude<T[Part], undefined>> }
    : T

/** What a value of a program, with or without expressions in it, will be. */
export type ValueOf<V> =
  V extends ExprOf<infer T>
    ? T
    : V extends Primitive
      ? V
      : V extends readonly unknown[]
        ? { -readonly [Part in keyof V]: ValueOf<V[Part]> }
        : V extends object
          ? { -readonly [Part in keyof V]: ValueOf<V[Part]> }
          : V

/** The items of a list; of something unknown they are unknown, too. */
export type ItemOf<T> = IsOpen<T> extends true ? unknown : T extends readonly (infer Item)[] ? Item : never
