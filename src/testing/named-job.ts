import type { RequestEntry } from './server-log.ts'

/**
 * The job that a trigger is of: the one that its answer or its body names; or, where job and run come in one call, the one that answers
 * to triggers with the same key name.
 */
export function namedJobs(triggers: readonly RequestEntry[]): (trigger: RequestEntry) => string | undefined {
  const byKey = new Map<string, string>()
  for (const { body, made } of triggers) {
    const key = keyIn(body)
    if (key !== undefined && made) byKey.set(key, made.job_id)
  }
  return ({ body, made }) => {
    const { job_id } = (body ?? {}) as { job_id?: unknown }
    return made?.job_id ?? (typeof job_id === 'string' ? job_id : byKey.get(keyIn(body) ?? ''))
  }
}

function keyIn(body: unknown): string | undefined {
  const { job } = (body ?? {}) as { job?: { key?: unknown } | null }
  return typeof job?.key === 'string' ? job.key : undefined
}
