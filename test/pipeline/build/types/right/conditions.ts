import {
  all,
  always,
  and,
  cancelled,
  completed,
  contains,
  definePipeline,
  eq,
  exists,
  failed,
  ge,
  gt,
  has,
  le,
  lt,
  ne,
  not,
  oneOf,
  or,
  runOf,
  size,
  status,
} from 'jobwright'
import { z } from 'zod'
import '../job-types.ts'

const inputs = z.object({ folder: z.string(), most: z.int(), kind: z.enum(['photo', 'drawing']) })

export const right = definePipeline({ name: 'right', inputs }, ({ inputs, step }) => {
  const found = step('found', { jobType: 'list_images', config: { folder: inputs.folder } })
  const { images, count } = found.outputs
  step('a', {
    jobId: 'x',
    if: and(
      or(gt(count, 3), le(size(images), inputs.most), lt(count, 2.5), ge(inputs.folder, 'a')),
      not(eq(inputs.kind, 'photo')),
      ne(inputs.folder, ''),
      exists(images, (image) => all(image.tags, (tag) => ne(tag, image.href))),
      has(images[0]?.author),
      contains(inputs.folder, 'x'),
      oneOf(inputs.kind, ['photo']),
      oneOf('a', images[0]?.tags ?? ['a']),
    ),
  })
  step('b', {
    jobId: 'x',
    if: or(failed(), always(), completed(), cancelled(), eq(status(found), 'failed')),
    config: { run: runOf(found) },
  })
})
