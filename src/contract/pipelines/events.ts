import type { z } from 'zod'
import { pipelineRunViewSchema, stepRunViewSchema } from './view.ts'

/** What is streamed of a pipeline run: each step's line when it changed, and the run's own fields. */

/** `id:` of it is `seq`, from which a reader goes on. */
export const stepEventSchema = stepRunViewSchema
/** All of the view but its steps; first of what is new, and last when the run is over. */
export const runEventSchema = pipelineRunViewSchema.omit({ steps: true })

export type StepEventData = z.infer<typeof stepEventSchema>
export type RunEventData = z.infer<typeof runEventSchema>

export type PipelineRunEvent = { event: 'step'; step: StepEventData } | { event: 'run'; run: RunEventData }
