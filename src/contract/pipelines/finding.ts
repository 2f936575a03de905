import { z } from 'zod'

/** One problem of a pipeline, for people and for editors. */
export const findingSchema = z.object({
  /** Stable, for machines: `unknown_step`, `bad_duration`, … */
  code: z.string(),
  severity: z.enum(['error', 'warning']),
  file: z.string(),
  /** From 1, as the column. */
  line: z.int(),
  column: z.int(),
  message: z.string(),
  fix: z.string(),
})

export type PipelineFinding = z.infer<typeof findingSchema>
