import type {} from 'jobwright'
import { defineJobType } from 'jobwright/job-types'
import { type OtherJobType, otherJobType, runJob, secret } from 'jobwright/workflow'
import { z } from 'zod'

/** Programs that must compile, and lines that must not. A project of its own, as its job types would be those of everything here. */

declare module 'jobwright' {
  interface JobTypes {
    typed_resize: {
      config: { url: string; width: number; headers?: { auth: string } }
      outputs: { image: { href: string }; note?: string }
    }
    typed_nothing: { config: { a?: string }; outputs: Record<never, never> }
  }
}

const wordCount = defineJobType({
  jobType: 'word_count',
  displayName: 'Word count',
  description: 'Counts',
  config: z.object({ text: z.string() }),
  outputs: { count: z.number() },
  async run() {},
})

const other = otherJobType('unknown')
type Scan = OtherJobType<{ config: { path: string }; outputs: { hits: string[] } }>

const step = 'typed'
const resize = { step, jobType: 'typed_resize' } as const

export async function right(): Promise<unknown[]> {
  const auth = { $template: ['Bearer ', secret('TOKEN')] }
  const a = await runJob({ ...resize, config: { url: secret('URL'), width: 3, headers: { auth } } })
  const href: string = a.outputs.image.href
  const note: string | undefined = a.outputs.note
  const b = await runJob<typeof wordCount>({ step, jobType: 'word_count', config: { text: 'one two' } })
  const count: number = b.outputs.count
  const c = await runJob({ step, jobId: 'of-a-job', config: { any: [1] } })
  const d = await runJob({
    step,
    jobType: other,
    config: { any: [1, secret('X')] },
    retry: { attempts: 2 },
  })
  await runJob({ step, jobType: 'typed_nothing' })
  await runJob({ step, jobType: other })
  const e = await runJob<Scan>({ step, jobType: 'scan', config: { path: '/' } })
  const hits: string[] = e.outputs.hits
  return [href, note, count, c.outputs['any'], d.outputs['any'], hits]
}

export async function wrong(): Promise<void> {
  // @ts-expect-error of another type
  await runJob({ ...resize, config: { url: 'x', width: 'wide' } })
  // @ts-expect-error a field is missing
  await runJob({ ...resize, config: { url: 'x' } })
  // @ts-expect-error so is the config
  await runJob({ ...resize })
  // @ts-expect-error a field that there is not
  await runJob({ ...resize, config: { url: 'x', width: 1, heigth: 2 } })
  const { outputs } = await runJob({ ...resize, config: { url: 'x', width: 1 } })
  // @ts-expect-error an output that nobody declares
  outputs.picture
  // @ts-expect-error of another type, too
  const width: number = outputs.image.href
  // @ts-expect-error of a job type that is named by its type
  await runJob<typeof wordCount>({ step, jobType: 'word_count', config: { txt: width } })
  // @ts-expect-error a name that nobody declares
  await runJob({ step, jobType: 'typed_rezise', config: {} })
  // @ts-expect-error a step has a name
  await runJob({ jobType: other })
  // @ts-expect-error one of them
  await runJob({ step, jobType: other, jobId: 'of-a-job' })
  // @ts-expect-error an option that there is not
  await runJob({ step, jobType: other, timeouts: '3s' })
  // @ts-expect-error a duration has a unit
  await runJob({ step, jobType: other, timeout: '3' })
  // @ts-expect-error durations are text
  await runJob({ step, jobType: other, timeout: 3 })
  // @ts-expect-error JSON only
  await runJob({ step, jobType: other, config: { a: () => 1 } })
}
