/** `STEP/ITEM/GENERATION`: what a step runs in a pipeline run, with `-` for no item. */
export function stepRunId(run: { step: string; item: number | null; generation: number }): string {
  return `${run.step}/${run.item ?? '-'}/${run.generation}`
}
