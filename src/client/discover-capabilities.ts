import type { Capabilities } from '../contract/index.ts'
import type { JobsClient } from './client.ts'
import { JobsApiError } from './errors.ts'
import type { CallOptions } from './transport.ts'

/**
 * Whether an answer to `GET /capabilities` is what a server gives that has never heard of them: a refusal, a page for
 * everything, other JSON, a redirect. Not an outage, and not a 401: behind those could be a server that has them.
 */
export function looksForeign({ kind, code, status }: JobsApiError): boolean {
  if (status === undefined) return false
  if (status < 300) return code === 'unexpected_response'
  return status < 400 || (kind === 'rejected' && status !== 401)
}

async function look(api: JobsClient, options: CallOptions): Promise<Capabilities | undefined> {
  try {
    return await api.getCapabilities(options)
  } catch (error) {
    if (error instanceof JobsApiError && looksForeign(error)) return undefined
    throw error
  }
}

/**
 * What a server offers beyond the reference; undefined for nothing. That is believed only when an operation of the reference
 * answers as it should, and the question once more alike: a proxy in front of a server in trouble answers 404, or 200 with a page, as well.
 * @throws JobsApiError when it is not known, and has to be asked again: never `rejected`, but for a 401
 */
export async function discoverCapabilities(
  api: JobsClient,
  options: CallOptions = {},
): Promise<Capabilities | undefined> {
  const capabilities = await look(api, options)
  if (capabilities !== undefined) return capabilities
  await confirmJobsApi(api, options)
  return look(api, options)
}

async function confirmJobsApi(api: JobsClient, options: CallOptions): Promise<void> {
  try {
    await api.listJobSchemas(options)
  } catch (error) {
    if (!(error instanceof JobsApiError) || error.kind !== 'rejected' || error.status === 401) throw error
    const { method, url, code, status, problem } = error
    throw new JobsApiError({
      kind: 'ambiguous',
      code,
      method,
      url,
      reason: `answered ${status}, as GET /capabilities was refused: no Jobs API is seen at this address, or not now`,
      ...(status === undefined ? {} : { status }),
      ...(problem === undefined ? {} : { problem }),
    })
  }
}
