import { z } from 'zod'
import { suggest } from '../../base/suggest.ts'
import { describeProblem } from '../../client/problem.ts'
import type { JobTypeSchemaEntry } from '../../contract/index.ts'
import { type AnyJobType, createRegistry } from '../../job-types/index.ts'
import type { PipelinePlan, StepError } from '../../pipeline/plan/index.ts'
import { createConfigValidator } from '../../server/services/config-validation.ts'
import { ApiProblem } from '../../server/services/problems.ts'
import { allSteps } from './all-steps.ts'
import type { SavedJob } from './engine.ts'
import { setupError } from './errors.ts'
import type { InMemoryHandler, InMemoryJobs, MockedJobType } from './handlers.ts'
import type { InMemoryRequest, InMemoryWork } from './types.ts'

/** What a server offers: job types as they are written, or as `GET /jobs/schemas` lists them. */
export type KnownJobTypes = readonly (AnyJobType | JobTypeSchemaEntry)[]

/** What does the work of each job type, and what is known of them all. */
export interface Offer {
  /** Of the job types that are known. */
  schemas: JobTypeSchemaEntry[]
  /** @throws JobwrightError `no_handler` */
  workOf(request: InMemoryRequest): InMemoryWork
  /** What our server would say to the config. */
  refusalOf(request: InMemoryRequest): StepError | undefined
}

export function createOffer(jobs: InMemoryJobs, jobTypes: KnownJobTypes): Offer {
  const own = typeof jobs === 'function' ? [] : Object.values(jobs).flatMap(writtenOf)
  const written = [...own, ...jobTypes.filter(isWritten)]
  const registry = createRegistry([...new Set(written)])
  const schemas = [...registry.schemas(), ...jobTypes.filter(isListed)]
  const validator = createConfigValidator(schemas)
  const isKnown = (name: string) => schemas.some(({ job_type }) => job_type === name)
  return {
    schemas,
    workOf({ step, jobType }) {
      const job = typeof jobs === 'function' ? jobs : Object.hasOwn(jobs, jobType) ? jobs[jobType] : undefined
      if (job === undefined)
        throw setupError(
          'no_handler',
          `step ${step} runs the job type ${jobType}, which has no handler in this test`,
          `give it: testPipeline(pipeline, { jobs: { ${jobType}: async ({ config }) => ({ … }) } })`,
        )
      if (typeof job !== 'function') return 'handler' in job ? job : { jobType: job }
      return { jobType: mocked(jobType, registry.get(jobType)), handler: job }
    },
    refusalOf({ jobType, config, jobId, fault }) {
      if (fault?.kind === 'reject') return { code: fault.code, message: fault.message }
      if (!isKnown(jobType)) return undefined
      try {
        validator.validate(jobType, config)
        return undefined
      } catch (error) {
        if (!(error instanceof ApiProblem)) throw error
        const path = jobId === undefined ? '/jobs' : '/job-runs'
        return {
          code: error.code,
          message: `POST ${path}: ${describeProblem({ ...error, detail: error.message })}`,
        }
      }
    },
  }
}

function writtenOf(job: InMemoryHandler | AnyJobType | MockedJobType): AnyJobType[] {
  if (typeof job === 'function') return []
  return ['handler' in job ? job.jobType : job]
}

function isWritten(one: AnyJobType | JobTypeSchemaEntry): one is AnyJobType {
  return 'jobType' in one
}

function isListed(one: AnyJobType | JobTypeSchemaEntry): one is JobTypeSchemaEntry {
  return !isWritten(one)
}

/** A handler of a test stands for the job type: where that is known, with the outputs that it declares. */
function mocked(name: string, known: AnyJobType | undefined): AnyJobType {
  const run = () => Promise.resolve()
  if (known) return { ...known, run }
  return { jobType: name, displayName: name, description: name, config: z.looseObject({}), run }
}

/** @throws JobwrightError `unused_handler` for a handler of a job type that no step runs: a typo, most likely */
export function checkHandlers(
  plan: PipelinePlan,
  jobs: InMemoryJobs,
  savedJobs: Readonly<Record<string, SavedJob>>,
): void {
  if (typeof jobs === 'function') return
  const saved = Object.values(savedJobs).map(({ jobType }) => jobType)
  const used = [...allSteps(plan).values()].flatMap(({ target }) =>
    target.kind === 'job_type' ? [target.jobType] : [],
  )
  const names = new Set([...used, ...saved])
  for (const name of Object.keys(jobs))
    if (!names.has(name))
      throw setupError(
        'unused_handler',
        `there is a handler for the job type ${name}, and no step of ${plan.name} runs it`,
        suggest(name, names),
      )
}
