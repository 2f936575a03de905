/** Why a value cannot be carried as JSON, with its place (`.a[0]`) first; undefined where it can. Fields that are undefined are left out. */
export function notJson(
  value: unknown,
  place = '',
  above: ReadonlySet<unknown> = new Set(),
): string | undefined {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return undefined
    case 'number':
      return Number.isFinite(value) ? undefined : `${place} is ${value}, which JSON cannot carry`
    case 'object':
      break
    default:
      return `${place} is of type ${typeof value}, which JSON cannot carry`
  }
  if (value === null) return undefined
  if (above.has(value)) return `${place} contains itself`
  const own = new Set([...above, value])
  if (Array.isArray(value)) return first(value.map((item, index) => [item, `${place}[${index}]`]))
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null)
    return `${place} is a ${value.constructor?.name ?? 'class'}; expected plain data`
  return first(
    Object.entries(value).flatMap(([key, item]) => (item === undefined ? [] : [[item, `${place}.${key}`]])),
  )

  function first(parts: readonly (readonly unknown[])[]): string | undefined {
    for (const [item, at] of parts) {
      const problem = notJson(item, String(at), own)
      if (problem !== undefined) return problem
    }
    return undefined
  }
}
