import { JobsApiError } from '../client/errors.ts'
import type { JobsClientOptions } from '../client/transport.ts'
import { isObject } from './fields.ts'
import { isSuccess, isTerminal, type Lab, list, textOf, Unmet } from './lab.ts'
import { createProbe, type Probe } from './probe.ts'
import type { Made } from './types.ts'

/**
 * Cancels the runs that were triggered and are not over, those whose answer was lost too, and deletes the jobs; an interrupt
 * does not stop it.
 */
export async function putAway(lab: Lab, api: JobsClientOptions): Promise<void> {
  const probe = createProbe(api, new AbortController().signal)
  for (const job of lab.made.filter(isJob)) lab.made.push(...(await unknownRuns(lab, probe, job)))
  const left = lab.made.filter(({ end }) => end === 'left')
  for (const made of [...left.filter(({ kind }) => kind === 'job_run'), ...left.filter(isJob)])
    try {
      made.end = isJob(made) ? await deleteJob(probe, made) : await endRun(probe, made)
      if (isJob(made)) lab.log(`deleted job ${made.id}`)
    } catch (error) {
      if (!(error instanceof JobsApiError)) throw error
      lab.log(`left ${made.kind.replace('_', ' ')} ${made.id}: ${error.message}`)
    }
}

/** Runs of a job that nobody else knows, and that no answer told of. */
async function unknownRuns(lab: Lab, probe: Probe, job: Made): Promise<Made[]> {
  try {
    const query = { job_id: job.id }
    const { items } = await list({ ...lab, probe }, '/job-runs', query)
    const ids = items.flatMap(({ uuid, job_id }) =>
      job_id === job.id && typeof uuid === 'string' ? [uuid] : [],
    )
    return ids
      .filter((id) => !lab.made.some((made) => made.id === id))
      .map((id) => ({ kind: 'job_run', id, end: 'left' }))
  } catch (error) {
    if (error instanceof JobsApiError || error instanceof Unmet) return []
    throw error
  }
}

const isJob = ({ kind }: Made): boolean => kind === 'job'

async function deleteJob(probe: Probe, { id }: Made): Promise<string> {
  const seen = await probe.send('delete', '/jobs/{id}', { params: { id } })
  return isSuccess(seen) ? 'deleted' : 'left'
}

async function endRun(probe: Probe, { id }: Made): Promise<string> {
  const params = { id }
  const look = async () => (await probe.send('get', '/job-runs/{id}', { params })).json
  const run = await look()
  if (isObject(run) && isTerminal(run)) return textOf(run.status)
  await probe.send('post', '/job-runs/{id}/cancel', { params })
  const after = await look()
  return isObject(after) && isTerminal(after) ? textOf(after.status) : 'cancel requested'
}
