import { createConfigChecker } from '../../config-schema/index.ts'
import {
  type JobTypeSchemaEntry,
  type PipelineFinding,
  type PipelineValidation,
  pipelineNamePattern,
} from '../../contract/index.ts'
import {
  checkPlan,
  compilePipelineFile,
  noFiles,
  type PipelineFiles,
  type PipelinePlan,
  savedPlace,
  unknownPipeline,
} from '../../pipeline/index.ts'
import type { ScheduleRequest } from '../../schedule/plan/index.ts'
import type { Caller, SavedPipelines } from '../ports/index.ts'
import { ApiProblem, invalid } from './problems.ts'

/** A pipeline as a request has it; exactly one of both. */
export interface PipelineText {
  yaml?: string | null | undefined
  plan?: object | null | undefined
}

/** Compiles against the server's own job types and the caller's saved pipelines. Names of secrets and connections are known to workers alone. */
export interface PipelineCompiler {
  /** Never throws for what is wrong with the pipeline. @throws ApiProblem 422 when none or both are given */
  validate(caller: Caller, pipeline: PipelineText): Promise<PipelineValidation>
  /**
   * @param name under which it is saved, or is to be
   * @throws ApiProblem 422 `invalid_pipeline` with all findings
   */
  compile(
    caller: Caller,
    pipeline: PipelineText,
    name?: string,
  ): Promise<{ plan: PipelinePlan; schedules: ScheduleRequest[]; findings: PipelineFinding[] }>
}

/** What findings call the pipeline that was sent. */
const sentFile = 'pipeline.yaml'

export function createPipelineCompiler(
  jobTypes: readonly JobTypeSchemaEntry[],
  { pipelines }: { pipelines: Pick<SavedPipelines, 'get'> },
  now: () => number = Date.now,
): PipelineCompiler {
  const configs = createConfigChecker()
  const filesOf = (caller: Caller): PipelineFiles => ({
    ...noFiles,
    async named(name) {
      const found = pipelineNamePattern.test(name) ? await pipelines.get(caller, name) : undefined
      return found ? { text: found.yaml } : { problem: unknownPipeline(name) }
    },
  })
  const check = async (
    caller: Caller,
    { yaml, plan }: PipelineText,
    { name, ...clock }: { name?: string | undefined; nowMs?: number },
  ) => {
    const isYaml = yaml !== null && yaml !== undefined
    if (isYaml === (plan !== null && plan !== undefined))
      throw invalid('validation_failed', [{ pointer: '', detail: 'expected exactly one of yaml and plan' }])
    if (!isYaml) return { schedules: [], ...checkPlan(plan) }
    const place = name === undefined ? sentFile : savedPlace(name)
    const options = { jobTypes, configs, ...clock }
    const compiled = await compilePipelineFile({ text: yaml }, place, options, filesOf(caller))
    const file = (each: string) => (each === place ? sentFile : each)
    return {
      ...compiled,
      findings: compiled.findings.map((finding) => ({ ...finding, file: file(finding.file) })),
    }
  }
  return {
    async validate(caller, pipeline) {
      const { plan, findings } = await check(caller, pipeline, { nowMs: now() })
      return { valid: plan !== undefined, findings }
    },
    async compile(caller, pipeline, name) {
      const { plan, schedules = [], findings } = await check(caller, pipeline, { name })
      if (!plan) throw withFindings('invalid_pipeline', pipeline.plan ? '/plan' : '/yaml', findings)
      return { plan, schedules, findings }
    },
  }
}

/** 422 with findings as `validate` has them, and each as a problem of the request as well. */
export function withFindings(
  code: 'invalid_pipeline' | 'invalid_inputs',
  pointer: string,
  findings: readonly PipelineFinding[],
): ApiProblem {
  const isFile = pointer === '/yaml'
  const errors = findings
    .filter(({ severity }) => severity === 'error')
    .map(({ file, line, column, message, fix }) => {
      const place = `${file === sentFile ? '' : `${file}:`}${line}:${column} `
      return { pointer, detail: `${isFile ? place : ''}${message}; ${fix}` }
    })
  const { message, errors: listed } = invalid(code, errors)
  return new ApiProblem(422, code, message, { errors: listed, findings })
}
