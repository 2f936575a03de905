import { z } from 'zod'
import { metagraphEntitySchema, metagraphRelationshipSchema, metagraphSchema } from '../../contract/index.ts'
import { priorities } from './engine.ts'

/** Shapes of the configs and outputs of the analysis job types. */

export const engineSchema = z.object({ name: z.string(), version: z.string() })

/** The graph as `metagraph_update` outputs it and `generate_issue` takes it. */
export const metagraphOutputSchema = metagraphSchema.extend({
  /** The collection it was read from. */
  documents: z.string(),
  engine: engineSchema,
})

export const changesOutputSchema = z.object({
  added: z.object({
    entities: z.array(metagraphEntitySchema),
    relationships: z.array(metagraphRelationshipSchema),
  }),
  changed: z.object({
    entities: z.array(z.object({ before: metagraphEntitySchema, after: metagraphEntitySchema })),
  }),
  removed: z.object({
    entities: z.array(metagraphEntitySchema),
    relationships: z.array(metagraphRelationshipSchema),
  }),
  counts: z.object({ added: z.number().int(), changed: z.number().int(), removed: z.number().int() }),
})

/** `additional_context` as it was read: its terms, and what they match. It changes nothing else. */
export const focusSchema = z.object({ terms: z.array(z.string()), matches: z.array(z.string()) })

export const metagraphSummarySchema = z.object({
  engine: engineSchema,
  system: z.string(),
  documents: z.object({ collection: z.string(), read: z.array(z.string()), skipped: z.array(z.string()) }),
  entities: z.record(z.string(), z.number().int()),
  relationships: z.record(z.string(), z.number().int()),
  focus: focusSchema.optional(),
})

export const evidenceSchema = z.object({
  document: z.string(),
  line: z.number().int().positive(),
  text: z.string(),
})

export const issueSchema = z.object({
  title: z.string(),
  description: z.string(),
  priority: z.enum(priorities),
  tags: z.array(z.string()),
  evidence: z.array(evidenceSchema),
  rule: z.string(),
})

export const issueSummarySchema = z.object({
  engine: engineSchema,
  system: z.string(),
  documents: z.object({ collection: z.string(), read: z.array(z.string()), skipped: z.array(z.string()) }),
  issues: z.number().int(),
  /** Found, but below `min_priority`. */
  below_min_priority: z.number().int(),
  by_priority: z.record(z.string(), z.number().int()),
  by_rule: z.record(z.string(), z.number().int()),
  focus: focusSchema.optional(),
})

export type ChangesOutput = z.infer<typeof changesOutputSchema>
export type Focus = z.infer<typeof focusSchema>
