// ms@3 canary exports no types under nodenext, and Temporal's `Duration` silently becomes `any` without them.
declare module 'ms' {
  type Unit =
    | 'ms'
    | 's'
    | 'm'
    | 'h'
    | 'd'
    | ' seconds'
    | ' second'
    | ' minutes'
    | ' minute'
    | ' hours'
    | ' hour'
    | ' days'
    | ' day'
  export type StringValue = `${number}${Unit}`
}
