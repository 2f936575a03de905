import type { Json } from '../../base/json.ts'
import { isJsonMediaType, limits, type OutputReference, outputValue } from '../../contract/index.ts'

/** What a job run stored under a name. */
export interface StoredOutput {
  mediaType: string
  type: string
  content: Uint8Array
}

/** By name, in the order in which they were stored first. */
export type StoredOutputs = Map<string, StoredOutput>

/** As our server shows them with a run: the value inlined where it is small JSON. */
export function referencesOf(jobRunId: string, outputs: StoredOutputs): OutputReference[] {
  const inlined = [...outputs.values()].filter(isInlined)
  const bytes = inlined.reduce((sum, { content }) => sum + content.byteLength, 0)
  return [...outputs].map(([name, output]) => ({
    type: output.type,
    uuid: jobRunId,
    name,
    media_type: output.mediaType,
    size_bytes: output.content.byteLength,
    href: `/api/v1/job-runs/${jobRunId}/outputs/${name}`,
    ...(isInlined(output) && bytes <= limits.inlineBytesOfRun ? { value: jsonOf(output) } : {}),
  }))
}

function isInlined({ mediaType, content }: StoredOutput): boolean {
  return isJsonMediaType(mediaType) && content.byteLength <= limits.inlineOutputBytes
}

/** Undefined for what is neither JSON nor text. */
export function jsonOf(output: StoredOutput): Json | undefined {
  const found = outputValue(output)
  return 'value' in found ? found.value : undefined
}
