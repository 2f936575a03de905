import type { PlanValue } from './types.ts'

const runId = /\bpipeline\s*\.\s*run_id\b/

/** Whether an expression in it reads `pipeline.run_id`. */
export function namesPipelineRun(value: PlanValue | undefined): boolean {
  switch (value?.kind) {
    case 'expression':
      return runId.test(value.source)
    case 'text':
      return value.parts.some((part) => typeof part !== 'string' && runId.test(part.source))
    case 'list':
      return value.items.some(namesPipelineRun)
    case 'object':
      return value.entries.some((entry) => namesPipelineRun(entry.value))
    default:
      return false
  }
}
