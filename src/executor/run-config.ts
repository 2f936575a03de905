import type { z } from 'zod'
import type { JsonObject } from '../base/json.ts'
import { JobRunError } from '../job-types/errors.ts'
import { type ReferenceSources, resolveObject } from '../references/index.ts'

/**
 * The config as the handler gets it: references resolved, `job_type` taken off, validated by the job type's schema.
 * @throws JobRunError `invalid_config` naming every place that is wrong
 */
export async function prepareConfig(
  config: JsonObject,
  schema: z.ZodType,
  sources: ReferenceSources,
): Promise<unknown> {
  const { job_type: _, ...own } = config
  const resolved = await resolveObject(own, '', sources)
  const parsed = await schema.safeParseAsync(resolved)
  if (parsed.success) return parsed.data
  const problems = parsed.error.issues
    .slice(0, 20)
    .map((issue) => `config/${issue.path.map(String).join('/')}: ${issue.message}`)
  throw new JobRunError('invalid_config', problems.join('\n'))
}
