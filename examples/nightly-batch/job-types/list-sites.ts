import { defineJobType } from 'jobwright/job-types'
import { z } from 'zod'
import { siteSchema } from './shapes.ts'

/** Which sites there are, and which day is to be read: the one before the night that the batch is of. */
export const listSites = defineJobType({
  jobType: 'list_sites',
  displayName: 'List sites',
  description: 'Lists the sites whose meters are to be read, and says for which day.',
  config: z.strictObject({
    documents: z.string().describe('Collection of documents on the server'),
    night: z.iso.datetime().describe('An instant of the night: when the batch was due'),
    timezone: z.string(),
  }),
  outputs: { sites: z.array(siteSchema), day: z.iso.date() },
  async run({ config, api, log, output, signal }) {
    const { content } = await api.getDocument(config.documents, 'sites.json', { signal })
    const sites = z.array(siteSchema).parse(JSON.parse(new TextDecoder().decode(content)))
    const day = dayBefore(config.night, config.timezone)
    log.info(`${sites.length} sites to read for ${day}`)
    await output.json('sites', sites)
    await output.json('day', day)
  },
})

/** The calendar day before the one that an instant is in, where the sites are. */
export function dayBefore(instant: string, timezone: string): string {
  const today = new Intl.DateTimeFormat('en-CA', { timeZone: timezone }).format(new Date(instant))
  // Days have 24 hours in UTC, whatever the clocks of the time zone do that night.
  return new Date(Date.parse(`${today}T00:00:00Z`) - 86_400_000).toISOString().slice(0, 10)
}
