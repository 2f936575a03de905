import { parseAccept } from 'hono/utils/accept'

/** Whether an `Accept` asks for CSV rather than for JSON, which is what comes where both would do. */
export function prefersCsv(accept: string | undefined): boolean {
  const accepted = parseAccept(accept ?? '')
  const weightOf = (...types: string[]) =>
    Math.max(0, ...accepted.filter(({ type }) => types.includes(type.toLowerCase())).map(({ q }) => q))
  return weightOf('text/csv') > weightOf('application/json', 'application/*', '*/*')
}
