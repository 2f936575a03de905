import { createConfigChecker } from '../../config-schema/index.ts'
import type { JobTypeSchemaEntry, PipelineFinding, PipelineValidation } from '../../contract/index.ts'
import { checkPlan, compilePipeline, type PipelinePlan } from '../../pipeline/index.ts'
import { ApiProblem, invalid } from './problems.ts'

/** A pipeline as a request has it; exactly one of both. */
export interface PipelineText {
  yaml?: string | null | undefined
  plan?: object | null | undefined
}

/** Compiles against the server's own job types. Names of secrets and connections are known to workers alone. */
export interface PipelineCompiler {
  /** Never throws for what is wrong with the pipeline. @throws ApiProblem 422 when none or both are given */
  validate(pipeline: PipelineText): PipelineValidation
  /** @throws ApiProblem 422 `invalid_pipeline` with all findings */
  compile(pipeline: PipelineText): { plan: PipelinePlan; findings: PipelineFinding[] }
}

export function createPipelineCompiler(jobTypes: readonly JobTypeSchemaEntry[]): PipelineCompiler {
  const configs = createConfigChecker()
  const check = (pipeline: PipelineText) => {
    const { yaml, plan } = pipeline
    const isYaml = yaml !== null && yaml !== undefined
    if (isYaml === (plan !== null && plan !== undefined))
      throw invalid('validation_failed', [{ pointer: '', detail: 'expected exactly one of yaml and plan' }])
    return isYaml ? compilePipeline(yaml, { file: 'pipeline.yaml', jobTypes, configs }) : checkPlan(plan)
  }
  return {
    validate(pipeline) {
      const { plan, findings } = check(pipeline)
      return { valid: plan !== undefined, findings }
    },
    compile(pipeline) {
      const { plan, findings } = check(pipeline)
      if (!plan) throw withFindings('invalid_pipeline', pipeline.plan ? '/plan' : '/yaml', findings)
      return { plan, findings }
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
    .map(({ line, column, message, fix }) => ({
      pointer,
      detail: `${isFile ? `${line}:${column} ` : ''}${message}; ${fix}`,
    }))
  const { message, errors: listed } = invalid(code, errors)
  return new ApiProblem(422, code, message, { errors: listed, findings })
}
