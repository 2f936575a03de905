import { createHash } from 'node:crypto'
import { jobRunHeader, uuidPattern, type Whoami } from '../../contract/index.ts'
import type { Caller, JobStore, TokenOwner } from '../ports/index.ts'
import { ApiProblem, invalid } from './problems.ts'

/** Who calls an ordinary route; `jobRunId` when it is a handler, acting within its run's workspace. */
export interface ApiCaller extends Caller {
  jobRunId?: string
}

/** What a caller may be told of itself. */
export function describeCaller({ workspace, email }: ApiCaller): Whoami {
  return { workspace, email }
}

interface Credentials {
  authorization: string | undefined
  jobRun: string | undefined
}

const challenge = 'Bearer realm="jobwright"'

/** How a token is stored and looked up; the token itself is kept nowhere. */
export function tokenHash(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}

async function tokenOwner(store: JobStore, authorization: string | undefined): Promise<TokenOwner> {
  if (authorization === undefined)
    throw new ApiProblem(401, 'token_required', 'Send a token: Authorization: Bearer TOKEN', {
      headers: { 'WWW-Authenticate': challenge },
    })
  const token = /^Bearer +([\x21-\x7e]{1,4096})$/i.exec(authorization)?.[1]
  // The lookup is by hash, so how long it takes says nothing about how much of a guess was right.
  const owner = token === undefined ? undefined : await store.tokens.find(tokenHash(token))
  if (!owner)
    throw new ApiProblem(
      401,
      'bad_token',
      'This token is unknown or revoked; send another one as Authorization: Bearer TOKEN',
      {
        headers: { 'WWW-Authenticate': `${challenge}, error="invalid_token"` },
      },
    )
  return owner
}

/**
 * The caller of an ordinary route. A worker's token speaks for the job run that its header names.
 * @throws ApiProblem 401, 403 or 422
 */
export async function authenticate(store: JobStore, credentials: Credentials): Promise<ApiCaller> {
  const { kind, ...owner } = await tokenOwner(store, credentials.authorization)
  if (kind === 'user') {
    if (credentials.jobRun !== undefined)
      throw new ApiProblem(
        403,
        'worker_token_required',
        `The header ${jobRunHeader} is for workers; leave it out`,
      )
    return owner
  }
  const jobRunId = credentials.jobRun
  if (jobRunId === undefined)
    throw new ApiProblem(
      403,
      'job_run_header_required',
      `A worker's token belongs to no workspace; name the job run it acts for in ${jobRunHeader}, or use a user's token`,
    )
  if (!uuidPattern.test(jobRunId))
    throw invalid('validation_failed', [{ pointer: jobRunHeader, detail: 'expected the UUID of a job run' }])
  const caller = await store.reports.workspaceOf(jobRunId)
  if (!caller)
    throw new ApiProblem(403, 'unknown_job_run', `The header ${jobRunHeader} names no job run of this server`)
  return { workspace: caller.workspace, email: caller.email, jobRunId }
}

/** @throws ApiProblem 401, or 403 for a token that is not a worker's */
export async function authenticateWorker(store: JobStore, authorization: string | undefined): Promise<void> {
  const owner = await tokenOwner(store, authorization)
  if (owner.kind !== 'worker')
    throw new ApiProblem(
      403,
      'worker_token_required',
      'This route takes the token of a worker (JOBWRIGHT_WORKER_TOKEN)',
    )
}
