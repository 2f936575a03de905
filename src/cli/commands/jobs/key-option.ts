import { discoverCapabilities } from '../../../client/index.ts'
import type { CliContext, JobsClient } from '../../context.ts'
import { usageError } from '../../errors.ts'

/**
 * A server that knows no keys would take the same request again as a new one, without a word.
 * @throws JobwrightError `server_without_keys`
 */
export async function requireKeys(api: JobsClient, key: string | undefined, ctx: CliContext): Promise<void> {
  if (key === undefined) return
  const capabilities = await discoverCapabilities(api, { signal: ctx.signal })
  if (capabilities?.idempotency_keys) return
  throw usageError(
    'server_without_keys',
    '--key: this server offers no idempotency keys; sent again, the request would be done again',
    'leave --key out, or use a server that offers them',
  )
}
