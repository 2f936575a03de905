/** How large a pipeline may be. What is beyond is refused where it is compiled, sent or run, with what was found and what to do. */
export const graphLimits = {
  steps: 10_000,
  /** Of one step. */
  needs: 2_000,
  /** Of all steps together. */
  edges: 50_000,
  /** Of one pipeline run, items of all its steps together; those of steps without `for_each` count, and are never refused. */
  jobRuns: 12_000,
  /** Of an evaluated config as JSON. */
  configBytes: 1024 * 1024,
  /** Of a pipeline file, and of the values of one in code. */
  fileBytes: 3 * 1024 * 1024,
  /** Values of a pipeline file, or of one in code. */
  values: 500_000,
  /** Of a plan as JSON, with the pipelines within it. */
  planBytes: 8 * 1024 * 1024,
} as const

export function edgesOf(steps: Iterable<{ needs: { length: number } }>): number {
  let edges = 0
  for (const { needs } of steps) edges += needs.length
  return edges
}
