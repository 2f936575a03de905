import { isNested, type PipelinePlan, type PlanStep } from '../../pipeline/plan/index.ts'

/** The steps of a plan and of the pipelines within it, by name: `outer/inner` of the pipeline of a step `outer`. */
export function allSteps(plan: PipelinePlan, path = ''): Map<string, PlanStep> {
  return new Map(
    plan.steps.flatMap((step): [string, PlanStep][] => [
      [`${path}${step.id}`, step],
      ...(isNested(step) ? allSteps(step.target.pipeline, `${path}${step.id}/`) : []),
    ]),
  )
}
