import { defineJobType } from 'jobwright/job-types'
import { z } from 'zod'

/** As `jobwright types` writes it. */
declare module 'jobwright' {
  interface JobTypes {
    list_images: {
      config: { folder: string; kind?: 'photo' | 'drawing'; limits?: { most: number } }
      outputs: {
        images: { href: string; width: number; tags: string[]; author?: { name: string } }[]
        count: number
      }
    }
    resize_image: {
      config: { url: string; width: number }
      outputs: { image: { href: string }; note?: string }
    }
    publish: { config: { images: { href: string }[]; title?: string }; outputs: { url: string } }
  }
}

export const scan = defineJobType({
  jobType: 'scan',
  displayName: 'Scan',
  description: 'Scans',
  config: z.object({ path: z.string(), depth: z.int().default(3) }),
  outputs: { hits: z.array(z.object({ file: z.string() })), summary: z.string().optional() },
  async run() {},
})
