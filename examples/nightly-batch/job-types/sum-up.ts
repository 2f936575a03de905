import { defineJobType } from 'jobwright/job-types'
import { z } from 'zod'
import { readingSchema, siteSchema } from './shapes.ts'

const config = z.strictObject({
  day: z.iso.date(),
  sites: z.array(siteSchema),
  readings: z.array(readingSchema.nullable()).describe('In the order of the sites; null where there is none'),
})

/** Adds up what the sites used, and writes the morning's report. */
export const sumUp = defineJobType({
  jobType: 'sum_up_readings',
  displayName: 'Sum up readings',
  description: 'Adds up the readings of a day, names what is missing or too high, and writes a report.',
  config,
  outputs: {
    totals: z.object({
      kwh: z.number(),
      read: z.number().int(),
      missing: z.array(z.string()),
      over: z.array(z.string()),
    }),
    report: z.string().describe('Markdown'),
  },
  async run({ config, log, output }) {
    const totals = totalsOf(config)
    await output.json('totals', totals)
    await output.text('report', reportOf(config), { mediaType: 'text/markdown; charset=utf-8' })
    log.info(`${totals.kwh} kWh, ${totals.missing.length} readings missing`)
  },
})

/** What a day amounts to. */
export function totalsOf({ sites, readings }: z.infer<typeof config>) {
  const there = readings.filter((reading) => reading !== null)
  return {
    kwh: there.reduce((sum, { kwh }) => sum + kwh, 0),
    read: there.length,
    missing: sites.filter((_, index) => !readings[index]).map(({ id }) => id),
    over: there.filter(({ over_kw }) => over_kw > 0).map(({ site }) => site),
  }
}

/** The report in Markdown. The same input gives the same text. */
export function reportOf({ day, sites, readings }: z.infer<typeof config>): string {
  const { kwh } = totalsOf({ day, sites, readings })
  const rows = sites.map(({ name }, index) => {
    const reading = readings[index]
    if (!reading) return `| ${name} | missing | | |`
    const { peak_kw, over_kw } = reading
    return `| ${name} | ${reading.kwh} | ${peak_kw} | ${over_kw > 0 ? `${over_kw} above contract` : ''} |`
  })
  return [
    `# Readings of ${day}`,
    '',
    '| site | kWh | peak kW | |',
    '|---|---|---|---|',
    ...rows,
    '',
    `Together ${kwh} kWh.`,
    '',
  ].join('\n')
}
