import type { ErrorObject } from 'ajv'

/** Keywords that only sum up what the errors before them say. */
const summing: readonly string[] = ['if', 'propertyNames']

/**
 * The errors that a person need not read, since others say it better: those of alternatives that the value was plainly
 * not meant for, patterns of a format, and summaries. Of each value that is wrong at least one error is left.
 */
export function superfluousErrors(errors: readonly ErrorObject[]): ReadonlySet<ErrorObject> {
  const ofBadFormat = new Set(errors.filter(({ keyword }) => keyword === 'format').map(pointerOf))
  const superfluous = new Set(
    errors.filter(
      (error) =>
        summing.includes(error.keyword) ||
        // A format is often written out as a pattern, too, which nobody can read.
        (error.keyword === 'pattern' && ofBadFormat.has(pointerOf(error))),
    ),
  )
  errors.forEach((error, index) => {
    if (error.keyword !== 'anyOf' && error.keyword !== 'oneOf') return
    const branches = errorsByBranch(error, errors, index)
    for (const each of beside(error, branches, superfluous)) superfluous.add(each)
  })
  return superfluous
}

const pointerOf = (error: ErrorObject): string => error.instancePath

/**
 * The errors of each alternative, which stand directly before that of the union. Those that came by way of another
 * schema, as in alternatives that contain themselves, are in none.
 */
function errorsByBranch(
  union: ErrorObject,
  errors: readonly ErrorObject[],
  unionAt: number,
): ErrorObject[][] {
  const branches = Array.isArray(union.schema) ? (union.schema as { $ref?: unknown }[]) : []
  const found = branches.map((branch, index) => {
    const paths = [`${union.schemaPath}/${index}/`]
    if (typeof branch.$ref === 'string') paths.push(`${branch.$ref}/`)
    return { paths, errors: [] as ErrorObject[] }
  })
  for (let at = unionAt - 1; at >= 0; at -= 1) {
    const error = errors[at]
    if (error === undefined || !`${error.instancePath}/`.startsWith(`${union.instancePath}/`)) break
    const depth = levels(error.instancePath) - levels(union.instancePath)
    const isOf = (path: string) =>
      error.schemaPath.startsWith(path) && depth === descent(error.schemaPath.slice(path.length))
    found.find(({ paths }) => paths.some(isOf))?.errors.push(error)
  }
  return found.map((branch) => branch.errors)
}

const levels = (pointer: string): number => pointer.split('/').length - 1

/** Keywords on the way into a value, and whether a name or an index follows them. */
const descending: ReadonlyMap<string | undefined, 'named' | 'plain'> = new Map([
  ['properties', 'named'],
  ['patternProperties', 'named'],
  ['prefixItems', 'named'],
  ['items', 'plain'],
  ['contains', 'plain'],
  ['additionalProperties', 'plain'],
  ['unevaluatedProperties', 'plain'],
  ['unevaluatedItems', 'plain'],
])

/** How many levels into a value a path of a schema leads; its last part is the keyword that failed. */
function descent(schemaPath: string): number {
  const parts = schemaPath.split('/')
  let depth = 0
  for (let at = 0; at < parts.length - 1; at += 1) {
    const kind = descending.get(parts[at])
    if (kind !== undefined) depth += 1
    if (kind === 'named') at += 1
  }
  return depth
}

function beside(
  union: ErrorObject,
  branches: readonly ErrorObject[][],
  superfluous: ReadonlySet<ErrorObject>,
): ErrorObject[] {
  const { passingSchemas } = union.params as { passingSchemas?: unknown }
  // The value fits too many alternatives: what the others would want is beside the point.
  if (Array.isArray(passingSchemas)) return branches.flat()
  const isOfAnotherKind = (error: ErrorObject) => tellsKinds(error, union.instancePath)
  const meant = branches.filter((branch) => !branch.some(isOfAnotherKind))
  if (meant.length === 0) return branches.flat().filter((error) => !isOfAnotherKind(error))
  const others = branches.filter((branch) => !meant.includes(branch)).flat()
  // The one alternative that is left says what is wrong, if an error of its own is told.
  const saysWhy = meant.length === 1 && meant.flat().some((error) => !superfluous.has(error))
  return saysWhy ? [...others, union] : others
}

/** Whether an error shows that the value is of another kind: by its type, or by a field such as `kind` that has one value in each alternative. */
function tellsKinds({ keyword, instancePath }: ErrorObject, pointer: string): boolean {
  if (keyword === 'type') return instancePath === pointer
  if (keyword !== 'const' && keyword !== 'enum') return false
  return instancePath === pointer || instancePath.slice(0, instancePath.lastIndexOf('/')) === pointer
}
