import { defineJobType, JobRunError } from 'jobwright/job-types'
import { z } from 'zod'
import { type Reading, readingSchema, siteSchema } from './shapes.ts'

/** Reads and checks the meter of one site. Each of the step's retries is a new run of the same job. */
export const readMeter = defineJobType({
  jobType: 'read_meter',
  displayName: 'Read meter',
  description: 'Reads what a site used on a day, and checks it against what is contracted.',
  config: z.strictObject({ documents: z.string(), site: siteSchema, day: z.iso.date() }),
  outputs: { reading: readingSchema },
  async run({ config: { documents, site, day }, run, api, log, output, signal }) {
    if (site.gateway === 'busy_at_first') {
      // Stands for a gateway that refuses the first call of a night: the second run of this job gets through.
      const { items } = await api.listJobRuns({ job_id: run.jobId }, { signal })
      if (items.length < 2) throw new JobRunError('gateway_busy', `the gateway of ${site.name} is busy`)
    }
    const { content } = await api.getDocument(documents, site.meter, { signal })
    const reading = readingOf(site, day, new TextDecoder().decode(content))
    if (!reading) throw new JobRunError('no_reading', `${site.meter} has no reading for ${day}`)
    if (reading.over_kw > 0) log.warn(`${site.name} was ${reading.over_kw} kW above its contract`)
    await output.json('reading', reading)
  },
})

/** The sample data has a row for each day of a month, whichever month it is. */
export function readingOf(
  { id, contract_kw }: { id: string; contract_kw: number },
  day: string,
  csv: string,
): Reading | undefined {
  const row = csv
    .split('\n')
    .map((line) => line.split(',').map(Number))
    .find(([of]) => of === Number(day.slice(-2)))
  const [, kwh, peak_kw] = row ?? []
  if (kwh === undefined || peak_kw === undefined || !(kwh >= 0)) return undefined
  return { site: id, kwh, peak_kw, over_kw: Math.max(0, peak_kw - contract_kw) }
}
