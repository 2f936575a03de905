import { mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { defineConfig, defineJobType, JobRunError } from '../../src/job-types/index.ts'

const folder = path.join(process.env.JOBWRIGHT_DATA_DIR ?? '', 'first')
const foreignUrl = process.env.FOREIGN_URL

/** As the foreign server's own: goes on for a while; its first run of a label fails if it is told so, in every attempt. */
const work = defineJobType({
  jobType: 'work',
  displayName: 'Work',
  description: 'Takes its time.',
  config: z.object({
    label: z.string().optional(),
    duration_ms: z.number().optional(),
    fail_first: z.boolean().optional(),
    /** How long it goes on when it is told to stop. */
    stop_ms: z.number().optional(),
  }),
  async run({ config, run, signal }) {
    const { label = '', duration_ms = 100, fail_first = false, stop_ms = 0 } = config
    try {
      await delay(duration_ms, undefined, { signal })
    } catch (error) {
      await delay(stop_ms)
      throw error
    }
    if (fail_first && (await isFirst(label, run.uuid))) throw new JobRunError('first', 'the first one fails')
  },
})

async function isFirst(label: string, uuid: string): Promise<boolean> {
  const file = path.join(folder, Buffer.from(label).toString('hex'))
  await mkdir(folder, { recursive: true })
  await writeFile(file, uuid, { flag: 'wx' }).catch(() => {})
  return (await readFile(file, 'utf8')) === uuid
}

export const { jobTypes, connections } = defineConfig({
  jobTypes: [work],
  connections:
    foreignUrl === undefined
      ? {}
      : {
          bounded: {
            url: foreignUrl,
            token: () =>
              readFile(path.join(process.env.JOBWRIGHT_DATA_DIR ?? '', 'token'), 'utf8').catch(
                () => 'foreign-token-0123456789',
              ),
            bounds: { delivery: '1s', listing: '500ms' },
            requestsPerSecond: 50,
          },
        },
})
