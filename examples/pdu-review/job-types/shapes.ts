import { z } from 'zod'

/** What the steps of this pipeline hand to each other. */

/** An issue as `generate_issue` writes it, as far as it is used here. */
export const issueSchema = z.object({
  title: z.string(),
  description: z.string(),
  priority: z.enum(['high', 'medium', 'low']),
  tags: z.array(z.string()),
  /** Where a reader can check it. */
  evidence: z.array(z.object({ document: z.string(), line: z.number().int(), text: z.string() })),
  rule: z.string(),
})

/** A requirement, and what the test report says of it. */
export const coverageSchema = z.object({
  requirement: z.string(),
  text: z.string(),
  status: z.enum(['passed', 'failed', 'open', 'untested']),
  /** The lines of the report that name it, as `document:line`. */
  evidence: z.array(z.string()),
})

export const ticketSchema = z.object({
  key: z.string(),
  title: z.string(),
  priority: z.string(),
  labels: z.array(z.string()),
  body: z.string().describe('Markdown'),
})

export type Issue = z.infer<typeof issueSchema>
export type Coverage = z.infer<typeof coverageSchema>
export type Ticket = z.infer<typeof ticketSchema>
