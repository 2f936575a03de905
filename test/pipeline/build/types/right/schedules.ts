import { definePipeline } from 'jobwright'
import { z } from 'zod'
import '../job-types.ts'

const run = { jobType: 'list_images', config: { folder: 'x' } } as const

export const one = definePipeline(
  {
    name: 'right',
    inputs: z.object({ folder: z.string(), most: z.int().default(3) }),
    schedule: {
      cron: '30 2 * * 1-5',
      timezone: 'Europe/Berlin',
      overlap: 'queue_one',
      catchUp: { window: '2h', keep: 'all' },
      dst: { gap: 'skip' },
      jitter: '5m',
      inputs: { folder: 'pictures' },
      paused: true,
      until: '2030-12-31',
    },
  },
  ({ step }) => {
    step('a', run)
  },
)

export const several = definePipeline(
  {
    name: 'right',
    schedule: [
      { name: 'day', cron: '0 6 * * *' },
      { name: 'hour', every: '1h' },
    ],
  },
  ({ step }) => {
    step('a', run)
  },
)
