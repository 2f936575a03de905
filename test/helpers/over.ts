import { until } from './until.ts'

/** Waits for the end of a pipeline run, and for a worker that tells of its steps: a busy one may not answer in time. */
export function untilOver<View extends { finished_at: string | null; steps: readonly unknown[] }>(
  pipelines: { show(id: string): Promise<View> },
  id: string,
  timeoutMs?: number,
): Promise<View> {
  const over = async () => {
    const view = await pipelines.show(id)
    return view.finished_at !== null && view.steps.length > 0 && view
  }
  return until(`the end of pipeline run ${id}`, over, timeoutMs)
}
