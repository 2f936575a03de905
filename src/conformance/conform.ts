import { JobwrightError } from '../base/errors.ts'
import type { Json, JsonObject } from '../base/json.ts'
import { JobsClient } from '../client/client.ts'
import { discoverCapabilities } from '../client/discover-capabilities.ts'
import { JobsApiError } from '../client/errors.ts'
import { redact } from '../client/request.ts'
import type { JobsClientOptions } from '../client/transport.ts'
import type { Capabilities } from '../contract/index.ts'
import { deletingChecks, jobWritingChecks } from './checks/job-writing.ts'
import { readingChecks } from './checks/reading.ts'
import { runWritingChecks } from './checks/run-writing.ts'
import { formChecks, serverChecks } from './checks/server.ts'
import { type Lab, skipped, Unfounded, Unmet } from './lab.ts'
import { createProbe, type Seen } from './probe.ts'
import { profileOf } from './profile.ts'
import { putAway } from './put-away.ts'
import { findSample, type Sample } from './sample-config.ts'
import type { Check, Report, Result, Verdict } from './types.ts'

export interface ConformOptions {
  api: JobsClientOptions
  signal: AbortSignal
  /** What may be made: a job of this type, or of any that a config can be made for. Without it, nothing is. */
  write?: { jobType?: string | undefined; config?: JsonObject | undefined } | undefined
  /** How long something may take to come about, in milliseconds. */
  patienceMs: number
  /** Told what is made, and put away, as it happens. @default nobody */
  log?: (line: string) => void
}

/**
 * Checks a server against the reference, and finds out how pipelines run on it. What it made is put away at the end, also after
 * an interrupt.
 * @throws JobwrightError when the server does not answer, refuses the token, or has no job type that could be tried
 */
export async function conform(options: ConformOptions): Promise<Report> {
  const tokens: string[] = []
  const api = keepingTokens(options.api, tokens)
  const { signal, patienceMs, write, log = () => undefined } = options
  const probe = createProbe(api, signal)
  const schemas = firstAnswer(await probe.send('get', '/jobs/schemas'))
  const found = await capabilitiesOf(api, signal)
  const lab: Lab = {
    probe,
    stranger: createProbe({ ...api, token: 'no-token-of-any-server' }, signal),
    signal,
    patienceMs,
    capabilities: found.capabilities,
    sample: write && sampleOf(schemas, write),
    log,
    made: [],
    known: new Map(),
    measured: {},
  }
  const checks = await runAll(lab).finally(() => putAway(lab, api))
  const failed = checks.filter(({ verdict }) => verdict === 'fails')
  const report: Report = {
    url: api.baseUrl,
    conforms: failed.length === 0,
    fit_for_pipelines: !failed.some(({ needed }) => needed),
    wrote: write !== undefined,
    checks,
    made: lab.made,
    profile: profileOf(found.capabilities, lab.measured, found.why),
  }
  return JSON.parse(JSON.stringify(report), (_, value) =>
    typeof value === 'string' ? redact(value, tokens) : value,
  ) as Report
}

/** Notes the tokens that are sent, to keep them out of what is told. */
function keepingTokens(api: JobsClientOptions, tokens: string[]): JobsClientOptions {
  const { token } = api
  return {
    ...api,
    async token() {
      const given = typeof token === 'string' ? token : await token()
      if (!tokens.includes(given)) tokens.push(given)
      return given
    },
  }
}

/** The job types, as they are; whatever is wrong with them is a check. */
function firstAnswer({ status, json, text }: Seen): readonly Json[] {
  if (status === 401 || status === 403)
    throw new JobwrightError({
      code: 'token_refused',
      fault: 'refused',
      message: `the server refuses the token: ${text}`,
      fix: 'give one that it knows',
    })
  if (status >= 500 || status === 429)
    throw new JobwrightError({
      code: 'server_unavailable',
      fault: 'unreachable',
      message: `the server cannot answer now: ${text}`,
      fix: 'try again when it can',
    })
  return Array.isArray(json) ? json : []
}

async function capabilitiesOf(
  api: JobsClientOptions,
  signal: AbortSignal,
): Promise<{ capabilities: Capabilities | null | undefined; why?: string }> {
  try {
    return { capabilities: (await discoverCapabilities(new JobsClient(api), { signal })) ?? null }
  } catch (error) {
    if (!(error instanceof JobsApiError)) throw error
    return { capabilities: undefined, why: error.message }
  }
}

function sampleOf(schemas: readonly Json[], write: NonNullable<ConformOptions['write']>): Sample {
  const { jobType, config } = write
  if (jobType !== undefined && config !== undefined)
    return { jobType, config: { job_type: jobType, ...config } }
  const entries = schemas.filter(
    (entry) => jobType === undefined || (entry as JsonObject | null)?.job_type === jobType,
  )
  const sample = findSample(entries)
  if (sample !== undefined && config === undefined) return sample
  throw new JobwrightError({
    code: 'no_job_type',
    fault: 'usage',
    message: `no config can be made for ${jobType === undefined ? 'any job type of this server' : `the job type ${JSON.stringify(jobType)}`}`,
    fix: 'give both --job-type and --config, of a job that may be run a few times',
  })
}

async function runAll(lab: Lab): Promise<Result[]> {
  const write = lab.sample !== undefined
  const rounds: [readonly Check<Lab>[], boolean][] = [
    [serverChecks, true],
    [jobWritingChecks, write],
    [runWritingChecks, write],
    [readingChecks, true],
    [formChecks, true],
    [deletingChecks, write],
  ]
  const results: Result[] = []
  for (const [checks, isWanted] of rounds)
    for (const check of checks) {
      const { run: _, ...statement } = check
      const verdict = isWanted ? await verdictOf(check, lab) : skipped('needs --write')
      results.push({ ...statement, ...verdict })
    }
  return results
}

async function verdictOf(check: Check<Lab>, lab: Lab): Promise<Verdict> {
  const interrupted = skipped('interrupted')
  if (lab.signal.aborted) return interrupted
  try {
    const verdict = await check.run(lab)
    return lab.signal.aborted ? interrupted : verdict
  } catch (error) {
    if (lab.signal.aborted) return interrupted
    if (error instanceof Unfounded) return skipped(error.message)
    if (error instanceof Unmet) return { verdict: 'fails', found: error.found, expected: error.expected }
    if (error instanceof JobsApiError)
      return { verdict: 'fails', found: error.message, expected: 'an answer' }
    throw error
  }
}
