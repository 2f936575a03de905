import { z } from 'zod'
import { durationRange } from '../../base/duration.ts'
import { whenFulls } from '../../contract/pipelines/status.ts'
import { isZone } from '../../schedule/times/index.ts'
import { readTarget } from '../../webhooks/targets.ts'
import { graphLimits } from '../plan/graph-limits.ts'
import { inputTypes, notificationEvents, planVersions, retryReasons } from '../plan/types.ts'
import { isIdentifier, isPipelineName } from './check-steps.ts'
import { timeOfDay } from './compile-notify.ts'
import { ranges } from './definition.ts'

/*
 * A plan that came over the wire may have been made by anybody. What is checked here is what a worker takes for granted; what fields of a
 * later version say is not known, and stays as it is.
 */

const source = z.looseObject({ source: z.string() })
const text = z.string()
const value: z.ZodType = z.lazy(() =>
  z.discriminatedUnion('kind', [
    z.looseObject({ kind: z.literal('literal'), value: z.unknown() }),
    z.looseObject({ kind: z.literal('expression'), source: text }),
    z.looseObject({ kind: z.literal('text'), parts: z.array(z.union([text, source])) }),
    z.looseObject({ kind: z.literal('list'), items: z.array(value) }),
    z.looseObject({ kind: z.literal('object'), entries: z.array(z.looseObject({ key: text, value })) }),
    z.looseObject({ kind: z.literal('output'), step: text, name: text }),
    z.looseObject({
      kind: z.literal('secret'),
      parts: z.array(z.union([text, z.looseObject({ secret: text })])),
    }),
  ]),
)
const milliseconds = z.int().min(0)
const limited = {
  concurrency: z
    .looseObject({
      key: value,
      limit: z.int().min(ranges.limit.min).max(ranges.limit.max),
      whenFull: z.enum(whenFulls),
    })
    .optional(),
  priority: z.int().min(ranges.priority.min).max(ranges.priority.max).optional(),
}
const step = z.looseObject({
  id: text.refine(isIdentifier, 'expected a name of letters, digits and _'),
  needs: z.array(text).max(graphLimits.needs),
  start: z.literal('any').optional(),
  if: source
    .extend({ statusFunctions: z.array(z.enum(['completed', 'failed', 'always', 'cancelled'])) })
    .optional(),
  target: z.discriminatedUnion('kind', [
    z.looseObject({ kind: z.literal('job_type'), jobType: text.min(1) }),
    z.looseObject({ kind: z.literal('job_id'), jobId: value }),
    z.looseObject({
      kind: z.literal('pipeline'),
      pipeline: z.lazy((): z.ZodType => planSchema),
      inputs: value.optional(),
    }),
  ]),
  config: value.optional(),
  forEach: value.optional(),
  maxParallel: z.int().min(ranges.max_parallel.min).max(ranges.max_parallel.max),
  timeoutMs: milliseconds.min(1).optional(),
  retry: z.looseObject({
    generations: z.int().min(ranges.attempts.min).max(ranges.attempts.max),
    backoffMs: milliseconds,
    on: z.array(z.enum(retryReasons)),
  }),
  onFailure: z.enum(['fail', 'continue']),
  valueOutputs: z.array(text),
  usedOutputs: z.array(text),
  usesJobRun: z.boolean(),
  ...limited,
})
const notification = z.looseObject({
  on: z.array(z.enum(notificationEvents)).min(1),
  receiver: z.discriminatedUnion('kind', [
    z.looseObject({
      kind: z.literal('webhook'),
      url: z.discriminatedUnion('kind', [
        z.looseObject({
          kind: z.literal('literal'),
          value: text.refine(
            (url) => 'url' in readTarget(url),
            'expected a URL of http or https, without credentials',
          ),
        }),
        z.looseObject({
          kind: z.literal('secret'),
          parts: z.array(z.union([text, z.looseObject({ secret: text })])),
        }),
      ]),
      secrets: z.array(text).max(ranges.secrets.max),
    }),
    z.looseObject({ kind: z.literal('function'), name: text.min(1) }),
  ]),
  late: z
    .union([
      z.looseObject({ afterMs: milliseconds.min(durationRange.minMs).max(durationRange.maxMs) }),
      z.looseObject({
        by: text.regex(timeOfDay, 'expected a time of day such as 06:00'),
        timezone: text.refine(isZone, 'expected the IANA name of a time zone'),
      }),
    ])
    .optional(),
})
/** The form of a plan. */
export const planSchema = z.looseObject({
  planVersion: z.literal(planVersions),
  name: text.refine(isPipelineName, 'expected letters, digits, -, _ and ., at most 100'),
  description: text.optional(),
  connection: text.min(1),
  textPositions: z.literal('characters').optional(),
  inputs: z.array(
    z.looseObject({
      name: text.refine(isIdentifier, 'expected a name of letters, digits and _'),
      type: z.enum(inputTypes),
      description: text.optional(),
      enum: z.array(z.unknown()).optional(),
      default: z.unknown().optional(),
    }),
  ),
  steps: z.array(step).min(1).max(graphLimits.steps),
  outputs: z.array(z.looseObject({ name: text.refine(isIdentifier), value })),
  ...limited,
  notify: z.array(notification).max(ranges.notify.max).optional(),
})
