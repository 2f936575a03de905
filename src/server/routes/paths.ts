import { basePath, type RouteDescriptor } from '../../contract/index.ts'
import { type ApiProblem, invalid } from '../services/problems.ts'

/**
 * The parameters of a path, each percent-decoded once. The last one takes the rest of the path when it is a
 * document's `{path}`, slashes and encoded slashes alike.
 * @param template such as `/api/v1/documents/{collection}/{path}`
 */
export function pathParams(template: string, pathname: string): Record<string, string> {
  const names = template.split('/')
  const parts = pathname.split('/')
  return Object.fromEntries(
    names.flatMap((name, index) => {
      const parameter = /^\{(\w+)\}$/.exec(name)?.[1]
      if (parameter === undefined) return []
      const text = parameter === 'path' ? parts.slice(index).join('/') : (parts[index] ?? '')
      return [[parameter, decodeURIComponent(text)]]
    }),
  )
}

/**
 * Refuses a path that could mean two things: percent signs that encode nothing, control characters, and dot segments in any
 * spelling, which URL parsers resolve before a router sees them.
 * @param target as it stood in the request line
 * @throws ApiProblem 422
 */
export function checkTarget(target: string): void {
  const raw = target.split('?')[0] ?? ''
  let decoded: string
  try {
    decoded = decodeURIComponent(raw)
  } catch {
    throw badPath(raw, 'holds a percent sign that encodes no UTF-8 character')
  }
  if (/\p{Cc}/u.test(decoded)) throw badPath(raw, 'holds a control character')
  if (decoded.split(/[/\\]/).some((segment) => segment === '.' || segment === '..'))
    throw badPath(raw, 'holds a dot segment')
}

function badPath(raw: string, problem: string): ApiProblem {
  return invalid('validation_failed', [
    { pointer: '{path}', detail: `the path ${JSON.stringify(raw.slice(0, 200))} ${problem}` },
  ])
}

/**
 * For a path, the methods that the route there takes; none when there is nothing there. Where several fit it is the one with the
 * fewest parameters: `/job-runs/changes` is no job run.
 * @param others paths beside the routes, from the root, to be read only
 */
export function methodFinder(
  routes: readonly Pick<RouteDescriptor, 'path' | 'method'>[],
  others: readonly string[],
): (pathname: string) => string[] {
  const table = [
    ...routes.map(({ path, method }) => ({ path: basePath + path, method: method.toUpperCase() })),
    ...others.map((path) => ({ path, method: 'GET' })),
  ]
  return (pathname) => {
    const fitting = table.filter(({ path }) => matches(path, pathname))
    const fewest = Math.min(...fitting.map(({ path }) => parameterCount(path)))
    const methods = fitting.filter(({ path }) => parameterCount(path) === fewest).map(({ method }) => method)
    return methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
  }
}

/** How many parameters a template has. */
export function parameterCount(template: string): number {
  return template.split('{').length - 1
}

function matches(template: string, pathname: string): boolean {
  const pattern = template.replace('{path}', '.+').replaceAll(/\{\w+\}/g, '[^/]+')
  return new RegExp(`^${pattern}$`).test(pathname)
}
