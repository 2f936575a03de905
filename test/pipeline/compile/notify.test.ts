// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the marks of our own templates
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import {
  checkPlan,
  definePipeline,
  eq,
  type PipelinePlan,
  secret,
  text,
} from '../../../src/pipeline/index.ts'
import { findingsOf, planOf } from './helpers.ts'

const file = (entry: string) => `name: a\nsteps: { s: { job_type: x } }\nnotify:\n  - ${entry}\n`
const hook = 'webhook: "https://hooks.example.com/a"'
const signed = `${hook}, secrets: [KEY]`

describe('notify', () => {
  test('is who is told of what', () => {
    const { notify } = planOf(`
name: a
steps: { s: { job_type: x } }
notify:
  - on: [failed, late, failed]
    webhook: https://hooks.example.com/\${{ secrets.PATH }}
    secrets: [KEY, OLD_KEY]
    late: { by: "06:00", timezone: Europe/Berlin }
  - { on: [held, completed, missed], function: page_somebody }
  - { on: [late], webhook: https://hooks.example.com, secrets: [KEY], late: { after: 2h } }
`)
    expect(notify).toEqual([
      {
        on: ['failed', 'late'],
        receiver: {
          kind: 'webhook',
          url: { kind: 'secret', parts: ['https://hooks.example.com/', { secret: 'PATH' }] },
          secrets: ['KEY', 'OLD_KEY'],
        },
        late: { by: '06:00', timezone: 'Europe/Berlin' },
      },
      { on: ['held', 'completed', 'missed'], receiver: { kind: 'function', name: 'page_somebody' } },
      {
        on: ['late'],
        receiver: {
          kind: 'webhook',
          url: { kind: 'literal', value: 'https://hooks.example.com' },
          secrets: ['KEY'],
        },
        late: { afterMs: 7_200_000 },
      },
    ])
    expect(planOf('name: a\nsteps: { s: { job_type: x } }\n')).not.toHaveProperty('notify')
  })

  test.each([
    ['nobody', '{ on: [failed] }', 'bad_receiver', '{'],
    ['two in one', `{ on: [failed], ${hook}, function: f }`, 'bad_receiver', 'f }'],
    ['an unknown event', `{ on: [faild], ${signed} }`, 'wrong_value', 'faild'],
    ['no event', `{ on: [], ${signed} }`, 'out_of_range', '[]'],
    ['no list of events', `{ on: failed, ${signed} }`, 'wrong_type', 'failed'],
    ['an unknown field', `{ on: [failed], ${signed}, secret: x }`, 'unknown_field', 'secret: x'],
    ['no URL', '{ on: [failed], webhook: hooks, secrets: [K] }', 'bad_webhook_url', 'hooks'],
    [
      'credentials',
      '{ on: [failed], webhook: "https://u:canary@h.test", secrets: [K] }',
      'bad_webhook_url',
      '"https',
    ],
    ['another scheme', '{ on: [failed], webhook: "ftp://h.test", secrets: [K] }', 'bad_webhook_url', '"ftp'],
    [
      'an input in the URL',
      '{ on: [failed], webhook: "https://${{ pipeline.run_id }}", secrets: [K] }',
      'expression_not_allowed',
      '"https',
    ],
    ['three secrets', `{ on: [failed], ${hook}, secrets: [A, B, C] }`, 'out_of_range', '[A'],
    [
      'the value of a secret',
      `{ on: [failed], ${hook}, secrets: [whsec_canary/+=] }`,
      'wrong_value',
      'whsec',
    ],
    ['a secret for a function', '{ on: [failed], function: f, secrets: [A] }', 'bad_receiver', 'secrets'],
    ['late without a time', `{ on: [late], ${signed} }`, 'bad_late', 'on:'],
    ['late by both', `{ on: [late], ${signed}, late: { after: 1h, by: "06:00" } }`, 'bad_late', 'late: {'],
    ['late by nothing', `{ on: [late], ${signed}, late: {} }`, 'bad_late', 'late: {'],
    ['late after no duration', `{ on: [late], ${signed}, late: { after: soon } }`, 'bad_duration', 'soon'],
    ['a time that is none', `{ on: [late], ${signed}, late: { by: "24:00" } }`, 'bad_time_of_day', '"24:00"'],
    [
      'an unknown zone',
      `{ on: [late], ${signed}, late: { by: "06:00", timezone: Europe/Berlim } }`,
      'unknown_timezone',
      'Europe',
    ],
  ])('that has %s is refused at its place, and no secret repeated', (_, entry, code, at) => {
    const findings = findingsOf(file(entry))
    const line = `  - ${entry}`
    const places = findings.map((found) => [
      found.line,
      found.code,
      line.slice(found.column - 1).slice(0, at.length),
    ])
    expect(places).toEqual([[4, code, at]])
    expect(JSON.stringify(findings)).not.toMatch(/canary/)
  })

  test('warns of what the configuration at hand has not, and of what nobody can verify', () => {
    const known = { secretNames: ['KEY'], notificationNames: ['page'], notificationTargets: [] }
    const warned = (entry: string) =>
      findingsOf(file(entry), known).map(({ code, severity, fix }) => [code, severity, fix])
    expect(warned(`{ on: [failed], ${signed} }`)).toEqual([])
    expect(warned(`{ on: [failed], ${hook}, secrets: [KEI] }`)).toMatchObject([
      ['unknown_secret', 'warning', expect.any(String)],
    ])
    expect(warned('{ on: [failed], function: pag }')).toMatchObject([
      ['unknown_function', 'warning', expect.stringContaining('`page`')],
    ])
    expect(warned(`{ on: [failed], ${hook} }`)).toMatchObject([
      ['unsigned_webhook', 'warning', expect.any(String)],
    ])
    expect(warned('{ on: [failed], webhook: "${{ secrets.KEY }}" }')).toEqual([])
    expect(warned(`{ on: [failed], ${signed}, late: { after: 1h } }`)).toMatchObject([
      ['bad_late', 'warning', expect.any(String)],
    ])
  })

  test('tells of a receiver on a private address: an error where the configuration at hand does not allow it', () => {
    const entry = '{ on: [failed], webhook: "http://0x7f.1:9000/", secrets: [KEY] }'
    const severities = (notificationTargets?: string[]) =>
      findingsOf(file(entry), notificationTargets ? { notificationTargets } : {}).map(
        ({ code, severity }) => [code, severity],
      )
    expect(severities()).toEqual([['private_receiver', 'warning']])
    expect(severities([])).toEqual([['private_receiver', 'error']])
    expect(severities(['127.0.0.1:9000'])).toEqual([])
    expect(findingsOf(file(entry))[0]?.fix).toContain(`'127.0.0.1:9000'`)
  })
})

describe('notify in code', () => {
  test('is the same plan, and the same file', () => {
    const definition = definePipeline(
      {
        name: 'a',
        notify: [
          {
            on: ['failed', 'late'],
            webhook: text`https://hooks.example.com/${secret('PATH')}`,
            secrets: ['KEY'],
            late: { after: '2h' },
          },
          { on: ['held'], function: 'page' },
          { on: ['completed'], webhook: secret('URL') },
        ],
      },
      ({ step }) => void step('s', { jobType: 'x' }),
    )
    const { plan, findings } = definition.compile()
    expect(findings).toEqual([])
    expect(planOf(definition.toYaml()).notify).toEqual(plan?.notify)
    expect(plan?.notify).toMatchObject([
      {
        receiver: { url: { parts: ['https://hooks.example.com/', { secret: 'PATH' }] } },
        late: { afterMs: 7_200_000 },
      },
      { receiver: { name: 'page' } },
      { receiver: { url: { parts: [{ secret: 'URL' }] } } },
    ])
  })

  test('has types, and findings at its line', () => {
    const wrong = definePipeline(
      {
        name: 'a',
        inputs: z.object({ url: z.string() }),
        // @ts-expect-error one receiver an entry
        notify: [{ on: ['failed'], webhook: 'https://h.test', function: 'page' }],
      },
      ({ step, inputs }) => void step('s', { jobType: 'x', if: eq(inputs.url, 'a') }),
    )
    expect(wrong.compile().findings).toMatchObject([
      { code: 'bad_receiver', file: expect.stringContaining('notify.test') as string },
    ])
    // @ts-expect-error an event that there is not
    definePipeline({ name: 'a', notify: [{ on: ['done'], function: 'page' }] }, () => {})
  })
})

test('a plan from outside has receivers that a worker can tell', () => {
  const plan = planOf(file(`{ on: [failed], ${signed} }`))
  const problems = (change: object) =>
    checkPlan({
      ...plan,
      notify: [{ ...plan.notify?.[0], ...change }],
    } as unknown as PipelinePlan).findings.map(({ message }) => message)
  expect(problems({})).toEqual([])
  expect(problems({ on: ['done'] })).toMatchObject([expect.stringContaining('/notify/0/on/0')])
  const webhook = (url: object) => ({ receiver: { kind: 'webhook', secrets: [], url } })
  expect(problems(webhook({ kind: 'literal', value: 'https://u:canary@h.test' }))).toEqual([
    expect.not.stringContaining('canary'),
  ])
  expect(problems(webhook({ kind: 'expression', source: 'inputs.url' }))).toHaveLength(1)
  expect(problems({ late: { by: '06:00', timezone: 'Mars/Base' } })).not.toEqual([])
})
