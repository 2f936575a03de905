import type { Json } from '../../base/json.ts'
import { suggest } from '../../base/suggest.ts'
import {
  type ItemState,
  type PipelineRunView,
  type PipelineStatus,
  type PlanStep,
  type StepError,
  type StepStatus,
  stepState,
} from '../../pipeline/plan/index.ts'
import type { Engine } from './engine.ts'
import { setupError } from './errors.ts'
import { jsonOf } from './outputs.ts'
import type { HandlerCall, InMemoryLogLine } from './types.ts'

/** How an item, or a step without items, ended. */
export interface TestedItem {
  status: StepStatus
  error: StepError | null
  /** Of the last one; 0 where none began. */
  generation: number
  /** All that the last generation stored, whether the pipeline uses it or not. */
  outputs: Record<string, Json>
}

/** How a step ended. */
export interface TestedStep extends TestedItem {
  /** Of a `for_each`, one for each value; empty elsewhere. Its `outputs` are those of the items, by name, in their order. */
  items: TestedItem[]
  /** As a sentence. */
  skippedBecause?: string
}

/** How a pipeline run in memory ended. */
export interface TestedRun<Outputs = Record<string, Json>> {
  status: PipelineStatus
  /** Those that have a value. */
  outputs: Partial<Outputs>
  warnings: string[]
  /** By name. */
  steps: Record<string, TestedStep>
  /** The step of that name. @throws JobwrightError `unknown_step` when the pipeline has none */
  step(name: string): TestedStep
  /** As `jobwright show` has it; its instants are virtual. */
  view: PipelineRunView
  /** What handlers were called with, in their order. */
  calls: HandlerCall[]
  logs: InMemoryLogLine[]
  /** Virtual: what the run would have taken. */
  elapsedMs: number
  /** Faults that the run never came to. */
  unmetFaults: string[]
}

export function resultOf(
  engine: Engine,
  view: PipelineRunView,
  rest: Pick<TestedRun, 'calls' | 'logs' | 'unmetFaults'>,
): TestedRun {
  const { plan, state, clock } = engine
  const steps = Object.fromEntries(plan.steps.map((step) => [step.id, stepOf(engine, step)]))
  return {
    status: view.status,
    outputs: view.outputs,
    warnings: view.warnings,
    steps,
    step(name) {
      const found = Object.hasOwn(steps, name) ? steps[name] : undefined
      if (found) return found
      throw setupError(
        'unknown_step',
        `the pipeline ${plan.name} has no step ${name}`,
        suggest(name, Object.keys(steps)),
      )
    },
    view,
    ...rest,
    elapsedMs: clock.now() - state.startedAtMs,
  }
}

function stepOf(engine: Engine, step: PlanStep): TestedStep {
  const own = stepState(engine.state, step.id)
  const items = (own.items ?? []).map((item) => itemOf(engine, item))
  const [only] = items
  const names = [...new Set(items.flatMap(({ outputs }) => Object.keys(outputs)))]
  const lists = names.map((name): [string, Json] => [name, items.map(({ outputs }) => outputs[name] ?? null)])
  return {
    status: own.status,
    error: own.error,
    generation: Math.max(0, ...items.map(({ generation }) => generation)),
    outputs: step.forEach ? Object.fromEntries(lists) : (only?.outputs ?? {}),
    items: step.forEach ? items : [],
    ...(own.skippedBecause === undefined ? {} : { skippedBecause: own.skippedBecause }),
  }
}

function itemOf({ jobRuns, nested }: Engine, { status, error, generation, jobRunId }: ItemState): TestedItem {
  const pipelineRun = jobRunId === null ? undefined : nested.get(jobRunId)
  if (pipelineRun) return { status, error, generation, outputs: pipelineRun.outputs }
  const stored = jobRunId === null ? undefined : jobRuns.byId(jobRunId)?.outputs
  const outputs = [...(stored ?? [])].map(([name, output]): [string, Json] => [name, jsonOf(output) ?? null])
  return { status, error, generation, outputs: Object.fromEntries(outputs) }
}
