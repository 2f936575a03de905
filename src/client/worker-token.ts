import { JobwrightError } from '../base/errors.ts'
import { JobsClient } from './client.ts'
import { JobsApiError } from './errors.ts'
import type { CallOptions, JobsClientOptions } from './transport.ts'

/**
 * Whether a server takes a token as a worker's, without doing anything: `whoami` answers to a user's, and asks a worker's for a job run.
 * A server without `whoami` is not one of ours, and says nothing of it.
 * @throws JobwrightError `bad_worker_token`; JobsApiError when the server does not answer, or otherwise than ours does
 */
export async function requireWorkerToken(options: JobsClientOptions, call: CallOptions = {}): Promise<void> {
  let mistake: string
  try {
    const caller = await new JobsClient(options).whoami(call)
    if (caller === undefined) return
    mistake = `is one of a user (${caller.email})`
  } catch (error) {
    if (!(error instanceof JobsApiError)) throw error
    if (error.code === 'job_run_header_required') return
    if (error.status !== 401) throw error
    mistake = 'is unknown to it'
  }
  throw new JobwrightError({
    code: 'bad_worker_token',
    fault: 'usage',
    message: `the server at ${options.baseUrl} takes no report of a job run: the worker's token, JOBWRIGHT_WORKER_TOKEN, ${mistake}`,
    fix: 'give the server and its workers the same JOBWRIGHT_WORKER_TOKEN',
  })
}
