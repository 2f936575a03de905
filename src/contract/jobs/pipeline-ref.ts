/** Whose a job run is, as the runs of pipelines say it in `client_ref`. */
export interface PipelineRef {
  namespace: string
  /** The id of the pipeline run. */
  workflowId: string
  /** `STEP/ITEM/GENERATION`, with `-` for no item; with `/wait` where an activity waits for the job run. */
  activityId: string
}

/** Opaque to servers, and short enough for the limit of the field. */
export function encodePipelineRef({ namespace, workflowId, activityId }: PipelineRef): string {
  return JSON.stringify(['jobwright/1', namespace, workflowId, activityId])
}

/** Undefined for anything that is not a reference of ours: other callers may use the field as they like. */
export function decodePipelineRef(text: string | null | undefined): PipelineRef | undefined {
  if (!text?.startsWith('["jobwright/1",')) return undefined
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    return undefined
  }
  if (!Array.isArray(parsed) || parsed.length !== 4 || !parsed.every((part) => typeof part === 'string'))
    return undefined
  const [, namespace, workflowId, activityId] = parsed as [string, string, string, string]
  return { namespace, workflowId, activityId }
}
