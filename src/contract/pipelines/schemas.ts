import { z } from 'zod'
import { jsonObjectSchema, jsonSchema, limits } from '../jobs/schemas.ts'
import { queryTimeForm, queryTimePattern } from '../jobs/wire-forms.ts'
import { findingSchema } from './finding.ts'
import { pipelineStatuses } from './status.ts'

/** Wire schemas of the pipeline API: requests, findings, saved pipelines. Runs are in `view.ts`. */

export const pipelineLimits = {
  /** A plan may have 8 MiB and inputs half of one; text in JSON takes more than it has characters. */
  bodyBytes: 10 * 1024 * 1024,
  /** A plan nests some three times as deeply as the values in it. */
  jsonDepth: 256,
  /** What comes out of one that is left out. */
  listedRuns: 100,
} as const

/** What a pipeline is named: as its file's `name`. */
export { pipelineNamePattern } from '../names.ts'

export const validationSchema = z.object({ valid: z.boolean(), findings: z.array(findingSchema) })

const yaml = z.string().meta({ description: 'A pipeline file' })
const plan = jsonObjectSchema.meta({ description: 'A compiled pipeline, as `compilePipeline` makes it' })

/** Exactly one of `yaml` and `plan`; the service says so, in words. */
export const validateBody = z.strictObject({ yaml: yaml.nullish(), plan: plan.nullish() })

/** Exactly one of `yaml`, `plan` and `pipeline`. */
export const startRunBody = z.strictObject({
  yaml: yaml.nullish(),
  plan: plan.nullish(),
  pipeline: z.string().meta({ description: 'The name of a saved pipeline' }).nullish(),
  version: z.number().int().min(1).meta({ description: 'Of it; the newest by default' }).nullish(),
  inputs: z.record(z.string(), jsonSchema).nullish(),
})

const time = (description: string) =>
  z
    .string()
    .meta({ description: `${description}: ${queryTimeForm}`, pattern: queryTimePattern.source })
    .optional()

export const runListQuery = z.strictObject({
  pipeline: z.string().min(1).optional(),
  status: z.array(z.enum(pipelineStatuses)).optional(),
  owner: z.string().min(1).optional(),
  schedule: z.string().min(1).meta({ description: 'The name of the schedule that they are of' }).optional(),
  started_after: time('Started at this time or later'),
  started_before: time('Started before this time'),
  limit: z.number().int().min(1).max(limits.pageItems).optional(),
  cursor: z.string().optional(),
})

/** For those who can set no header: what `Last-Event-ID` says. */
export const eventsQuery = z.strictObject({ last_event_id: z.string().optional() })

export const savePipelineBody = z.strictObject({ yaml })

const timestamp = z.string()
export const pipelineSummarySchema = z.object({
  name: z.string(),
  description: z.string().nullable(),
  /** The newest, from 1. A name that was deleted and saved again counts on. */
  version: z.int(),
  created_at: timestamp,
  /** When the newest version was saved, and by whom. */
  updated_at: timestamp,
  updated_by: z.string(),
})

export const pipelineVersionSchema = z.object({
  name: z.string(),
  version: z.int(),
  description: z.string().nullable(),
  yaml: z.string(),
  /** When this version was saved, and by whom. */
  created_at: timestamp,
  created_by: z.string(),
})

export const savedPipelineSchema = pipelineVersionSchema.extend({
  /** False when the newest version had this very text already: then nothing was saved. */
  is_new: z.boolean(),
  /** Warnings; with an error nothing is saved. */
  findings: z.array(findingSchema),
})

export const pipelineListQuery = z.strictObject({
  limit: z.number().int().min(1).max(limits.pageItems).optional(),
  cursor: z.string().optional(),
})

export type PipelineValidation = z.infer<typeof validationSchema>
export type ValidatePipelineBody = z.infer<typeof validateBody>
export type StartPipelineRunBody = z.infer<typeof startRunBody>
export type PipelineRunListQuery = z.infer<typeof runListQuery>
export type PipelineSummary = z.infer<typeof pipelineSummarySchema>
export type PipelineVersion = z.infer<typeof pipelineVersionSchema>
export type SavedPipeline = z.infer<typeof savedPipelineSchema>
