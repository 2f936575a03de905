import type { PipelinePlan, PlanStep } from '../plan/types.ts'

/** Steps by level: a step's level is one more than the highest of what it needs. Plans are in topological order. */
export function levelsOf(plan: PipelinePlan): PlanStep[][] {
  const levelOf = new Map<string, number>()
  const levels: PlanStep[][] = []
  for (const step of plan.steps) {
    const level = Math.max(-1, ...step.needs.map((need) => levelOf.get(need) ?? -1)) + 1
    levelOf.set(step.id, level)
    levels[level] ??= []
    levels[level].push(step)
  }
  return levels
}

function targetOf(step: PlanStep): string {
  if (step.target.kind === 'job_type') return step.target.jobType
  if (step.target.kind === 'pipeline') return `pipeline ${step.target.pipeline.name}`
  const { jobId } = step.target
  return `job ${jobId.kind === 'literal' ? String(jobId.value) : '(computed)'}`
}

function oneLine(source: string): string {
  const line = source.replaceAll(/\s+/g, ' ')
  return line.length > 60 ? `${line.slice(0, 59)}…` : line
}

/** What a step does, in a few words each: its target, then what is special about it. */
export function describeStep(step: PlanStep): string[] {
  return [
    targetOf(step),
    ...(step.forEach ? [`for each, ${step.maxParallel} at once`] : []),
    ...(step.start === 'any' ? ['starts with any need'] : []),
    ...(step.if ? [`if ${oneLine(step.if.source)}`] : []),
    ...(step.retry.generations > 1 ? [`up to ${step.retry.generations} generations`] : []),
    ...(step.onFailure === 'continue' ? ['continues on failure'] : []),
  ]
}
