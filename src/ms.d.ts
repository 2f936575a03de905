/*
 * Temporal's `Duration` rests on a type of the package ms, whose declarations no current resolution of modules finds:
 * it silently becomes `any`, and without `skipLibCheck` an error. The published package offers this file as
 * `jobwright/ms`, for the `types` of a project that checks so strictly. Nothing refers to it by itself, because it stands for
 * the whole of ms, also where a project imports a version of its own.
 */
declare module 'ms' {
  type Unit =
    | ('years' | 'year' | 'yrs' | 'yr' | 'y')
    | ('weeks' | 'week' | 'w')
    | ('days' | 'day' | 'd')
    | ('hours' | 'hour' | 'hrs' | 'hr' | 'h')
    | ('minutes' | 'minute' | 'mins' | 'min' | 'm')
    | ('seconds' | 'second' | 'secs' | 'sec' | 's')
    | ('milliseconds' | 'millisecond' | 'msecs' | 'msec' | 'ms')
  type UnitAnyCase = Unit | Capitalize<Unit> | Uppercase<Unit>
  export type StringValue = `${number}` | `${number}${UnitAnyCase}` | `${number} ${UnitAnyCase}`
}
