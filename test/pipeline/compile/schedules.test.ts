// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the marks of our own templates
import { describe, expect, test } from 'vitest'
import { compilePipeline } from '../../../src/pipeline/index.ts'
import { findingsOf, placesOf, planOf } from './helpers.ts'

const nowMs = Date.UTC(2026, 10, 28)

/** A file with this schedule, in line 3 where it is a map in braces. */
const file = (schedule: string, inputs = '{}') =>
  `name: nightly\ninputs: ${inputs}\nschedule: ${schedule}\nsteps: { s: { job_type: x } }\n`

const compiled = (schedule: string, inputs?: string) => {
  const { schedules, findings } = compilePipeline(file(schedule, inputs), { file: 'p.yaml' })
  expect(findings).toEqual([])
  return schedules
}

const toldOf = (schedule: string, inputs?: string) =>
  findingsOf(file(schedule, inputs), { nowMs }).map(({ code, message, fix }) => `${code}: ${message}; ${fix}`)

const defaults = {
  overlap: 'skip',
  catchUp: { windowMs: 3_600_000, keep: 'last' },
  inputs: {},
}

describe('a schedule', () => {
  test('says when, and the rest follows', () => {
    expect(compiled("{ cron: '30 2 * * *' }")).toEqual([
      {
        name: 'nightly',
        spec: {
          cron: '30 2 * * *',
          timezone: 'UTC',
          dst: { gap: 'next', fold: 'first' },
          jitterMs: 0,
          untilMs: null,
        },
        ...defaults,
      },
    ])
    expect(compiled('{ every: 15m }')).toMatchObject([{ spec: { everyMs: 900_000 } }])
  })

  test('says all that there is to say', () => {
    const schedule = `
  name: week
  cron: '0 6 * * MON'
  timezone: Europe/Berlin
  overlap: queue_one
  catch_up: { window: 2h, keep: all }
  dst: { gap: skip, fold: both }
  jitter: 5m
  inputs: { unit: pump }
  paused: true
  until: 2026-12-31`
    expect(compiled(schedule, '{ unit: { type: string } }')).toEqual([
      {
        name: 'week',
        spec: {
          cron: '0 6 * * MON',
          timezone: 'Europe/Berlin',
          dst: { gap: 'skip', fold: 'both' },
          jitterMs: 300_000,
          untilMs: Date.parse('2026-12-31T23:00Z') - 1,
        },
        overlap: 'queue_one',
        catchUp: { windowMs: 7_200_000, keep: 'all' },
        inputs: { unit: 'pump' },
        paused: true,
      },
    ])
  })

  test.each([
    ['2026-12-31', '2026-12-31T22:59:59.999Z'],
    ['2026-12-31T18:00', '2026-12-31T17:00:00.000Z'],
    ['2026-12-31T18:00:00Z', '2026-12-31T18:00:00.000Z'],
    ['2026-12-31T18:00:00-05:00', '2026-12-31T23:00:00.000Z'],
  ])('ends with %s', (until, at) => {
    const [schedule] = compiled(`{ cron: '0 6 * * *', timezone: Europe/Berlin, until: '${until}' }`) ?? []
    expect(schedule?.spec.untilMs).toBe(Date.parse(at))
  })

  test('may be one of several, and is no part of the plan', () => {
    const two = "[{ name: day, cron: '0 6 * * *' }, { name: hour, every: 1h }]"
    expect(compiled(two)?.map(({ name }) => name)).toEqual(['day', 'hour'])
    const without = 'name: nightly\ninputs: {}\nsteps: { s: { job_type: x } }\n'
    expect(planOf(file(two))).toEqual(planOf(without))
    expect(compilePipeline(without, { file: 'p.yaml' }).schedules).toEqual([])
  })
})

test.each([
  ['daily', '3:11 wrong_type', "schedule: { cron: '30 2 * * *' }"],
  ['[]', '3:11 out_of_range', 'at least 1'],
  ['{}', '3:11 schedule_when', 'every: 15m'],
  ["{ cron: '0 6 * * *', every: 5m }", '3:32 schedule_when', 'remove one of them'],
  ["{ cron: '0 30 2 * * *' }", '3:19 bad_cron', '`30 2 * * *`'],
  ["{ cron: '@daily' }", '3:19 bad_cron', 'write `0 0 * * *`'],
  ['{ cron: @daily, timezone: UTC }', '3:19 unquoted_cron', 'write `0 0 * * *`, in quotes'],
  ['{ cron: */5 * * * *, timezone: UTC }', '3:19 unquoted_cron', "write cron: '*/5 * * * *'"],
  ['\n  cron: * * * * * # each minute\n  every: 5m', '4:9 unquoted_cron', "write cron: '* * * * *'"],
  ["{ cron: '0 0 L * *' }", '3:19 bad_cron', 'first day of the next month'],
  ["{ cron: '0 0 * * 1#2' }", '3:19 bad_cron', '`8-14`'],
  ["{ cron: '0 0 30 2 *' }", '3:19 bad_cron', 'name another day'],
  ['{ cron: 5 }', '3:19 wrong_type', 'give it text'],
  ['{ every: 0s }', '3:20 duration_out_of_range', '1s to 365d'],
  ['{ every: 1500ms }', '3:20 schedule_when', 'whole seconds'],
  ['{ every: 5 }', '3:20 bad_duration', '5s'],
  ['{ every: 1h, jitter: soon }', '3:32 bad_duration', '500ms, 5s'],
  ['{ every: 1h, catch_up: { window: 1 } }', '3:44 bad_duration', '1s'],
  ['{ every: 1h, overlap: wait }', '3:33 wrong_value', 'known: skip, queue'],
  ["{ cron: '0 6 * * *', timezone: Europe/Berln }", '3:42 unknown_timezone', '`Europe/Berlin`'],
  ["{ cron: '0 6 * * *', dst: { gap: later } }", '3:44 wrong_value', 'next, skip, shift'],
  ['{ every: 1h, timezon: UTC }', '3:24 unknown_field', 'did you mean `timezone`?'],
  ['{ every: 1h, until: soon }', '3:31 bad_until', '2026-12-31'],
  ['{ every: 1h, until: 2026-02-31 }', '3:31 bad_until', '2026-12-31'],
  ['{ every: 1h, until: 2020-01-01 }', '3:31 until_past', 'a later time'],
  ['{ name: a b, every: 1h }', '3:19 bad_name', 'another name'],
  ['[{ name: a, every: 1h }, { name: a, every: 2h }]', '3:44 duplicate_schedule', 'another name'],
  ['[{ every: 1h }, { every: 2h }]', '3:27 duplicate_schedule', 'give it a `name`'],
])('%s is refused with its place', (schedule, place, fix) => {
  const [finding, ...others] = findingsOf(file(schedule), { nowMs })
  // What the line says besides may be wrong, too.
  if (!schedule.includes('each minute'))
    expect(others.filter(({ severity }) => severity === 'error')).toEqual([])
  expect(`${finding?.line}:${finding?.column} ${finding?.code}`).toBe(place)
  expect(finding?.fix).toContain(fix)
})

test('its inputs are those of the pipeline', () => {
  const inputs = '{ n: { type: number }, e: { type: string, enum: [a, b], default: a } }'
  const at = (given: string) => placesOf(file(`{ every: 1h, inputs: ${given} }`, inputs))
  expect(at('{ n: 1 }')).toEqual([])
  expect(at('{ n: "1" }')).toEqual(['3:37 wrong_input'])
  expect(at('{ n: 1, e: c }')).toEqual(['3:43 wrong_input'])
  expect(at('{ n: 1, m: 2 }')).toEqual(['3:40 unknown_input'])
  expect(at('{ e: b }')).toEqual(['3:24 missing_input'])
  expect(at("{ n: '${{ 1 }}' }")).toEqual(['3:37 expression_not_allowed'])
  expect(placesOf(file('{ every: 1h }', inputs))).toEqual(['3:11 missing_input'])
})

describe('a warning', () => {
  test('tells of a time that does not exist, or comes twice, with its date and what will happen', () => {
    const told = toldOf("{ cron: '30 2 * * *', timezone: Europe/Berlin }").join('\n')
    expect(told).toContain('dst_gap: 02:30 on 2027-03-28 does not exist in Europe/Berlin: it runs at 03:00')
    expect(told).toContain(
      'dst_fold: 02:30 on 2027-10-31 comes twice in Europe/Berlin: it runs the first time (+02:00)',
    )
    const other = toldOf(
      "{ cron: '*/20 2 * * *', timezone: Europe/Berlin, dst: { gap: shift, fold: both } }",
    ).join('\n')
    expect(other).toContain(
      '3 times from 02:00 to 02:40 on 2027-03-28 do not exist in Europe/Berlin: they run 60 minutes later',
    )
    expect(other).toContain('they run both times')
  })

  test('is left out where the time is always there, after the end, and where no clock is given', () => {
    expect(toldOf("{ cron: '0 3,4 * * *', timezone: Europe/Berlin }")).toEqual([])
    expect(toldOf("{ cron: '30 2 * * *', timezone: Europe/Berlin, until: 2027-03-01 }")).toEqual([])
    expect(findingsOf(file("{ cron: '30 2 * * *', timezone: Europe/Berlin }"))).toEqual([])
  })

  test.each([
    ["{ cron: '0 9 1-7 * 1' }", 'both_days', '`0 9 1-7 * *` and `0 9 * * 1`'],
    ['{ every: 24h, timezone: Europe/Berlin }', 'no_effect', '`cron`'],
    ["{ cron: '0 0 1 1 *', until: 2026-12-01 }", 'never_due', '`until`'],
  ])('%s: %s', (schedule, code, fix) => {
    const [told, ...others] = toldOf(schedule)
    expect(others).toEqual([])
    expect(told).toContain(code)
    expect(told).toContain(fix)
  })
})
