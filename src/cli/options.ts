import { InvalidArgumentError } from 'commander'
import type { CliContext } from './context.ts'

/** Runs a handler with the context of this call. */
export type Run = (output: 'text' | 'json', work: (ctx: CliContext) => Promise<number>) => Promise<void>

/** Binds a command to its handler, whose file is loaded only when it is called. */
export type Bind = <Args>(
  load: () => Promise<(args: Args, ctx: CliContext) => Promise<number>>,
  toArgs: (positional: string[], options: Record<string, unknown>) => Args,
) => (...received: unknown[]) => Promise<void>

export function collect(value: string, before: string[] | undefined): string[] {
  return [...(before ?? []), value]
}

/** A list option: repeated, or separated by commas. */
export function collectList(value: string, before: string[] | undefined): string[] {
  const items = value.split(',').filter((item) => item !== '')
  return [...(before ?? []), ...items]
}

export function wholeNumber(value: string): number {
  if (!/^[1-9]\d{0,5}$/.test(value))
    throw new InvalidArgumentError('Expected a whole number from 1 to 999999.')
  return Number(value)
}

export function itemIndex(value: string): number {
  if (!/^\d{1,6}$/.test(value)) throw new InvalidArgumentError('Expected the number of an item, from 0.')
  return Number(value)
}

/** An id is typed, quoted and stands in URLs: nothing in it may need care. */
export function runId(value: string): string {
  if (!/^[\p{L}\p{N}][\p{L}\p{N}_.:@+=~-]{0,199}$/u.test(value))
    throw new InvalidArgumentError(
      'Expected up to 200 letters, digits and any of _ . : @ + = ~ - without spaces.',
    )
  return value
}

export function port(value: string): number {
  if (!/^\d{1,5}$/.test(value) || Number(value) > 65535)
    throw new InvalidArgumentError('Expected a port from 0 to 65535.')
  return Number(value)
}
