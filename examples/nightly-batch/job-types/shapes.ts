import { z } from 'zod'

/** A site, as `sites.json` lists it. */
export const siteSchema = z.object({
  id: z.string(),
  name: z.string(),
  meter: z.string().describe('The document with its readings'),
  contract_kw: z.number().describe('More than this at once costs extra'),
  gateway: z.enum(['ready', 'busy_at_first']).default('ready'),
})
export type Site = z.infer<typeof siteSchema>

/** What a site used on one day. */
export const readingSchema = z.object({
  site: z.string(),
  kwh: z.number(),
  peak_kw: z.number(),
  over_kw: z.number().describe('Above what is contracted; 0 for none'),
})
export type Reading = z.infer<typeof readingSchema>
