import { ApplicationFailure } from '@temporalio/workflow'
import { durationRange, parseDurationMs } from '../base/duration.ts'
import { type Json, type JsonObject, jsonBytes } from '../base/json.ts'
import { isSecretReference, isSecretTemplate } from '../contract/jobs/references.ts'
import { type PlanStep, type RetryReason, retryReasons } from '../pipeline/plan/index.ts'
import { notJson } from './not-json.ts'
import type { RunJobOptions } from './types.ts'

/** A call of `runJob`, checked, with its defaults. */
export interface Call {
  step: string
  connection: string
  target: { jobType: string } | { jobId: string }
  config: JsonObject | null
  /** Names of those that the config refers to. */
  secrets: string[]
  timeoutMs: number | undefined
  retry: PlanStep['retry']
  key: string | undefined
  onUnknown: 'wait' | 'fail'
  settleMs: number | undefined
  /** undefined: all. */
  outputs: readonly string[] | undefined
}

export type RunJobArgument = RunJobOptions & {
  jobType?: string | { jobType: string }
  jobId?: string
  config?: unknown
}

const maxConfigBytes = 1024 * 1024
const maxNameCharacters = 200
const known: readonly string[] = [
  ...['step', 'jobType', 'jobId', 'config', 'connection', 'timeout', 'retry', 'key', 'onUnknown', 'settle'],
  'outputs',
]

/** A call that cannot be done as it was written: tried again, it would fail again. */
export function invalid(message: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(message, 'invalid_run_job')
}

/** @throws ApplicationFailure `invalid_run_job`, which names the field */
export function checkCall(given: RunJobArgument): Call {
  if (typeof given !== 'object' || given === null)
    throw invalid(`runJob was given ${shown(given)}; expected an object with step, jobType and config`)
  const step = nameIn('runJob', 'step', given.step)
  const place = `runJob ${step}`
  const unknown = Object.keys(given).find((field) => !known.includes(field))
  if (unknown !== undefined)
    throw invalid(`${place}: there is no option ${unknown}; expected ${known.join(', ')}`)
  const config = configOf(place, given.config)
  const { onUnknown = 'wait', outputs } = given
  if (onUnknown !== 'wait' && onUnknown !== 'fail')
    throw invalid(`${place}: onUnknown is ${shown(onUnknown)}; expected 'wait' or 'fail'`)
  if (outputs !== undefined && !(Array.isArray(outputs) && outputs.every((name) => typeof name === 'string')))
    throw invalid(`${place}: outputs is ${shown(outputs)}; expected a list of names`)
  return {
    step,
    connection: given.connection === undefined ? 'default' : nameIn(place, 'connection', given.connection),
    target: targetOf(place, given),
    config,
    secrets: config ? [...new Set(secretsIn(config))] : [],
    timeoutMs: durationOf(place, 'timeout', given.timeout),
    retry: retryOf(place, given.retry),
    key: given.key === undefined ? undefined : nameIn(place, 'key', given.key),
    onUnknown,
    settleMs: durationOf(place, 'settle', given.settle),
    outputs,
  }
}

function shown(value: unknown): string {
  return typeof value === 'string'
    ? JSON.stringify(value)
    : value === null
      ? 'null'
      : `of type ${typeof value}`
}

function nameIn(place: string, field: string, value: unknown): string {
  if (typeof value === 'string' && value.trim() !== '' && value.length <= maxNameCharacters) return value
  const found = typeof value === 'string' && value !== '' ? `${value.length} characters long` : shown(value)
  throw invalid(`${place}: ${field} is ${found}; expected text of 1 to ${maxNameCharacters} characters`)
}

function targetOf(place: string, { jobType, jobId }: RunJobArgument): Call['target'] {
  if ((jobType === undefined) === (jobId === undefined))
    throw invalid(
      `${place}: has ${jobType === undefined ? 'neither' : 'both'} jobType and jobId; expected one`,
    )
  return jobType === undefined
    ? { jobId: nameIn(place, 'jobId', jobId) }
    : { jobType: nameIn(place, 'jobType', typeof jobType === 'object' ? jobType?.jobType : jobType) }
}

function configOf(place: string, config: unknown): JsonObject | null {
  if (config === undefined || config === null) return null
  const problem = notJson(config)
  if (problem !== undefined) throw invalid(`${place}: config${problem}`)
  if (typeof config !== 'object' || Array.isArray(config))
    throw invalid(
      `${place}: config is ${Array.isArray(config) ? 'a list' : shown(config)}; expected an object`,
    )
  const bytes = jsonBytes(config)
  if (bytes > maxConfigBytes)
    throw invalid(`${place}: config has ${bytes} bytes; the limit is ${maxConfigBytes}`)
  // Without what is undefined, and apart from what the caller goes on with.
  return JSON.parse(JSON.stringify(config)) as JsonObject
}

function durationOf(place: string, field: string, value: unknown): number | undefined {
  if (value === undefined) return undefined
  const ms = typeof value === 'string' ? parseDurationMs(value) : undefined
  if (ms !== undefined && ms >= durationRange.minMs && ms <= durationRange.maxMs) return ms
  throw invalid(
    `${place}: ${field} is ${shown(value)}; expected a duration such as 30m (ms, s, m, h, d), 365d at most`,
  )
}

const defaultBackoffMs = 5_000
const mostGenerations = 100

function retryOf(place: string, retry: RunJobOptions['retry']): PlanStep['retry'] {
  if (retry === undefined) return { generations: 1, backoffMs: defaultBackoffMs, on: [...retryReasons] }
  const { attempts, backoff, on = retryReasons } = retry ?? {}
  if (!(Number.isInteger(attempts) && attempts >= 1 && attempts <= mostGenerations))
    throw invalid(
      `${place}: retry.attempts is ${shown(attempts)}; expected a whole number from 1 to ${mostGenerations}`,
    )
  const isReason = (one: unknown): one is RetryReason => retryReasons.some((reason) => reason === one)
  if (!(Array.isArray(on) && on.every(isReason)))
    throw invalid(`${place}: retry.on is not a list of ${retryReasons.join(', ')}`)
  const backoffMs = durationOf(place, 'retry.backoff', backoff) ?? defaultBackoffMs
  return { generations: attempts, backoffMs, on: [...on] }
}

function secretsIn(value: Json): string[] {
  if (value === null || typeof value !== 'object') return []
  if (isSecretReference(value)) return [value.$secret]
  if (isSecretTemplate(value))
    return value.$template.flatMap((part) => (typeof part === 'string' ? [] : [part.$secret]))
  return Object.values(value).flatMap(secretsIn)
}
