import type { Client } from '@temporalio/client'
import { JobwrightError } from '../base/errors.ts'
import { searchAttributes } from '../contract/names.ts'

/** `INDEXED_VALUE_TYPE_KEYWORD` of Temporal's API. */
const keyword = 2
/** `INVALID_ARGUMENT` of gRPC. */
const invalidArgument = 3
const patienceMs = 5_000
const names: readonly string[] = Object.values(searchAttributes)

/** The namespace lacks the search attributes of pipeline runs, or has something else under their names. */
export class SearchAttributesError extends JobwrightError {
  override readonly name = 'SearchAttributesError'

  constructor(
    namespace: string,
    problem = 'does not know the search attributes of pipeline runs',
    cause?: unknown,
  ) {
    super({
      code: 'temporal_without_search_attributes',
      fault: 'unreachable',
      message: `namespace ${namespace} ${problem}`,
      fix: `start a worker that may register them, or run ${registrationCommands(namespace)}`,
      cause,
    })
  }
}

/** Whether Temporal refused a start or a query because the namespace knows no such search attribute (yet). */
export function isUnknownSearchAttribute(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined
  const { code, details } = (cause ?? {}) as { code?: unknown; details?: unknown }
  return (
    code === invalidArgument &&
    typeof details === 'string' &&
    names.some((name) => details.includes(name)) &&
    /no mapping defined|not defined|invalid search attribute:/.test(details)
  )
}

/** What an operator types where nobody else may. */
export function registrationCommands(namespace: string): string {
  return names
    .map(
      (name) =>
        `\`temporal operator search-attribute create --namespace ${namespace} --name ${name} --type Keyword\``,
    )
    .join(' and ')
}

/**
 * Of the search attributes that pipeline runs carry, those that the namespace does not know.
 * @throws SearchAttributesError when one is there with another type
 */
export async function missingSearchAttributes(client: Client): Promise<string[]> {
  const { namespace } = client.options
  const { customAttributes } = await client.withDeadline(Date.now() + patienceMs, () =>
    client.connection.operatorService.listSearchAttributes({ namespace }),
  )
  const known = customAttributes ?? {}
  const other = names.find((name) => known[name] !== undefined && known[name] !== keyword)
  if (other !== undefined)
    throw new SearchAttributesError(namespace, `has a search attribute ${other} that is no Keyword`)
  return names.filter((name) => known[name] === undefined)
}

/**
 * Registers what is missing; whoever comes second changes nothing. It may take seconds until starts can use them.
 * @returns those it registered
 * @throws whatever Temporal answers where this may not be done; SearchAttributesError
 */
export async function ensureSearchAttributes(client: Client): Promise<string[]> {
  const missing = await missingSearchAttributes(client)
  if (missing.length === 0) return missing
  await client.withDeadline(Date.now() + patienceMs, () =>
    client.connection.operatorService.addSearchAttributes({
      namespace: client.options.namespace,
      searchAttributes: Object.fromEntries(missing.map((name) => [name, keyword])),
    }),
  )
  return missing
}
