import { failureMessage, nestedRecord } from '../../pipeline/plan/index.ts'
import { createEngine, type NestedStart } from './engine.ts'
import { begin, cancelPipelineRun, close, finishLater } from './steps.ts'

/** Runs the pipeline of a step: a pipeline run of its own, in the same virtual time and on the same Jobs API. */
export function startNested({ parent, step, plan, inputs, id, onEnd }: NestedStart): { cancel(): void } {
  const child = createEngine(plan, inputs, id, { ...parent, path: `${parent.path}${step.id}/` })
  parent.nested.set(id, child)
  child.onFinished = () => {
    const { status, outputs, steps } = close(child)
    const message = failureMessage(plan, child.state, steps)
    const error = status === 'failed' ? { code: 'pipeline_failed', message } : null
    onEnd(nestedRecord(id, { status, error, outputs }))
  }
  begin(child)
  finishLater(child)
  return { cancel: () => cancelPipelineRun(child) }
}
