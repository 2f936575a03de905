import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type JobTypeSchemaEntry, pipelineLimits } from '../../../src/contract/index.ts'
import { compilePipeline, type Finding, type PipelinePlan } from '../../../src/pipeline/index.ts'
import { graphLimits } from '../../../src/pipeline/plan/graph-limits.ts'
import { TemporalUnreachableError } from '../../../src/temporal/index.ts'
import { type Person, startApi, type TestApi, testRegistry } from './api.ts'

let api: TestApi
let me: Person
beforeAll(async () => {
  api = await startApi()
  me = await api.person()
})
afterAll(() => api.close())

const nap = 'name: nap\nsteps: { nap: { job_type: plain } }\n'
const withInput = `name: units
inputs: { units: { type: array }, limit: { type: integer, default: 3 } }
steps:
  each: { job_type: plain, for_each: '\${{ inputs.units }}', config: { unit: '\${{ item }}', limit: '\${{ inputs.limit }}' } }
  report: { needs: [each], job_type: plain, if: '\${{ size(inputs.units) > 0 }}', config: { all: '\${{ steps.each.outputs.out }}' } }
outputs: { all: '\${{ steps.report.outputs.out }}' }
`
const broken = 'name: broken\nsteps:\n  a: { job_type: plian, needs: [b] }\n'
const jobTypes: JobTypeSchemaEntry[] = testRegistry.schemas()

describe('POST /pipelines/validate', () => {
  it('answers what the command line finds, of a file and of a plan', async () => {
    const expected = compilePipeline(broken, { file: 'pipeline.yaml', jobTypes }).findings
    expect(expected.length).toBeGreaterThan(1)
    expect(await me.post('/pipelines/validate', { yaml: broken })).toMatchObject({
      status: 200,
      json: { valid: false, findings: expected },
    })
    expect((await me.post('/pipelines/validate', { yaml: nap })).json).toEqual({ valid: true, findings: [] })
    const { plan } = compilePipeline(withInput, { file: 'x', jobTypes })
    expect((await me.post('/pipelines/validate', { plan })).json).toEqual({ valid: true, findings: [] })
  })

  it('holds schedules against the clock; a start does not', async () => {
    const yaml = `${nap}\nschedule: { every: 1h, until: 2020-01-01 }\n`
    const { json } = await me.post('/pipelines/validate', { yaml })
    expect(json).toMatchObject({ valid: false, findings: [{ code: 'until_past' }] })
    expect((await me.post('/pipeline-runs', { yaml })).json.code).not.toBe('invalid_pipeline')
  })

  it.each(['', '\t', 'a: [', 'a: 1\na: 2', '- x', 'x: &a [*a, *a]', 'name: a\n---\nname: b'])(
    'lists findings of text that is no pipeline: %j',
    async (yaml) => {
      const { status, json } = await me.post('/pipelines/validate', { yaml })
      expect([status, json.valid]).toEqual([200, false])
      expect(json.findings[0]).toMatchObject({ severity: 'error', line: expect.any(Number) })
      const started = await me.post('/pipeline-runs', { yaml })
      expect([started.status, started.json.code]).toEqual([422, 'invalid_pipeline'])
      expect(started.json.findings).toEqual(json.findings)
    },
  )

  it('takes a file as it is', async () => {
    const headers = { 'Content-Type': 'application/yaml' }
    expect((await me.post('/pipelines/validate', broken, headers)).json.findings.length).toBeGreaterThan(1)
    const bytes = Uint8Array.of(0x6e, 0xff)
    const bad = await me.send('POST', '/pipelines/validate', { body: bytes, headers })
    expect([bad.status, bad.json.detail]).toEqual([400, expect.stringContaining('byte offset 1')])
  })

  it('takes exactly one of both', async () => {
    for (const body of [{}, { yaml: nap, plan: {} }, { yaml: null }]) {
      const { status, json } = await me.post('/pipelines/validate', body)
      expect([status, json.code]).toEqual([422, 'validation_failed'])
    }
  })

  it.each([
    ['another version', (plan: object) => ({ ...plan, planVersion: 2 })],
    ['no steps', (plan: object) => ({ ...plan, steps: [] })],
    ['a step twice', (plan: Plan) => ({ ...plan, steps: [...plan.steps, ...plan.steps] })],
    ['an order that cannot be', (plan: Plan) => ({ ...plan, steps: plan.steps.toReversed() })],
    [
      'a step that reads what it does not need',
      (plan: Plan) => ({ ...plan, steps: plan.steps.map((step) => ({ ...step, needs: [] })) }),
    ],
    [
      'an expression that is none',
      (plan: Plan) => ({ ...plan, outputs: [{ name: 'x', value: { kind: 'expression', source: '1 +' } }] }),
    ],
    [
      'a secret where none may be',
      (plan: Plan) => ({
        ...plan,
        outputs: [{ name: 'x', value: { kind: 'secret', parts: [{ secret: 'A' }] } }],
      }),
    ],
    [
      'a kind of value that there is not',
      (plan: Plan) => ({ ...plan, outputs: [{ name: 'x', value: { kind: 'code' } }] }),
    ],
    ['text', () => 'plan'],
  ])('finds what a worker could not run in a plan: %s', async (_, spoil) => {
    const { plan } = compilePipeline(withInput, { file: 'x', jobTypes })
    if (!plan) throw new Error('the file has a plan')
    const { json, status } = await me.post('/pipelines/validate', { plan: spoil(plan) })
    if (status === 422) expect(json.errors[0].pointer).toBe('/plan')
    else expect([status, json.valid, json.findings[0].severity]).toEqual([200, false, 'error'])
  })
  type Plan = NonNullable<ReturnType<typeof compilePipeline>['plan']>
})

describe('POST /pipeline-runs', () => {
  it('starts what it is given, once under a key', async () => {
    const before = api.runs.started()
    const headers = { 'Idempotency-Key': 'fifty' }
    const body = { yaml: withInput, inputs: { units: ['a', 'b'] } }
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => me.post('/pipeline-runs', body, headers)),
    )
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]))
    expect(new Set(answers.map(({ json }) => json.id)).size).toBe(1)
    expect(answers.filter((answer) => answer.headers.get('Idempotent-Replayed') === null)).toHaveLength(1)
    expect(api.runs.started()).toBe(before + 1)
    const [{ json, headers: sent } = { json: {}, headers: new Headers() }] = answers
    expect(json).toMatchObject({
      pipeline: 'units',
      status: 'running',
      owner: me.email,
      workspace: me.workspace,
    })
    expect(sent.get('Location')).toBe(`/api/v1/pipeline-runs/${json.id}`)
    expect((await me.get(`/pipeline-runs/${json.id}`)).json).toMatchObject({ id: json.id, steps: [] })
  })

  it.each([
    ['another pipeline', { yaml: nap }],
    ['other inputs', { yaml: withInput, inputs: { units: ['a', 'c'] } }],
    [
      'the same as a plan',
      { plan: compilePipeline(withInput, { file: 'x', jobTypes }).plan, inputs: { units: ['a'] } },
    ],
  ])('refuses a key that was used for something else: %s', async (_, body) => {
    const headers = { 'Idempotency-Key': 'used' }
    await me.post('/pipeline-runs', { yaml: withInput, inputs: { units: ['a'] } }, headers)
    const { status, json } = await me.post('/pipeline-runs', body, headers)
    expect([status, json.code]).toEqual([422, 'idempotency_key_reused'])
  })

  it.each([
    ['one that is missing', {}, 'missing_input'],
    ['one that there is not', { units: [], unit: 1 }, 'unknown_input'],
    ['another type', { units: 'pump' }, 'wrong_input'],
  ])('refuses inputs: %s', async (_, inputs, code) => {
    const { status, json } = await me.post('/pipeline-runs', { yaml: withInput, inputs })
    expect([status, json.code, json.findings[0].code]).toEqual([422, 'invalid_inputs', code])
    expect(json.errors[0].pointer).toBe('/inputs')
  })

  it.each([
    ['nothing to start', {}],
    ['several of them', { yaml: nap, pipeline: 'nap' }],
    ['a version of nothing', { yaml: nap, version: 1 }],
    ['a version that counts from one', { pipeline: 'nap', version: 0 }],
    ['fields that it does not have', { yaml: nap, status: 'completed', owner: 'somebody' }],
    ['keys that are never taken', `{"yaml":${JSON.stringify(nap)},"inputs":{"__proto__":1}}`],
  ])('refuses a body: %s', async (_, body) => {
    const { status, json } = await me.post('/pipeline-runs', body, { 'Content-Type': 'application/json' })
    expect([status, json.code]).toEqual([422, 'validation_failed'])
  })

  it('takes a plan of the size that a plan may have, and nothing that is larger than a body may be', async () => {
    const plan = (characters: number) => {
      const { plan } = compilePipeline(nap, { file: 'x', jobTypes })
      return { ...plan, description: 'x'.repeat(characters) }
    }
    expect((await me.post('/pipeline-runs', { plan: plan(graphLimits.planBytes - 2_000) })).status).toBe(201)
    const large = await me.post('/pipeline-runs', { plan: plan(graphLimits.planBytes) })
    expect([large.status, large.json.findings[0].code]).toEqual([422, 'plan_too_large'])
    const over = await me.post('/pipeline-runs', { plan: plan(pipelineLimits.bodyBytes) })
    expect([over.status, over.json.code]).toEqual([413, 'body_too_large'])
  })
})

describe('a run', () => {
  const start = async (): Promise<string> => (await me.post('/pipeline-runs', { yaml: nap })).json.id

  it('is cancelled while it goes on; afterwards the answer says how it ended', async () => {
    const id = await start()
    expect((await me.post(`/pipeline-runs/${id}/cancel`)).status).toBe(200)
    expect((await me.get(`/pipeline-runs/${id}`)).json.status).toBe('cancelling')
    api.runs.change(id, (view) => ({ ...view, status: 'cancelled', finished_at: new Date().toISOString() }))
    const { status, json } = await me.post(`/pipeline-runs/${id}/cancel`)
    expect([status, json.code]).toEqual([409, 'pipeline_run_terminal'])
    expect(json.detail).toContain('is cancelled already')
  })

  it.each([
    'status=done',
    'limit=0',
    'limit=x',
    'started_after=yesterday',
    'owner=',
    'pipelines=nap',
    'limit=1&limit=2',
  ])('is not listed by a filter that is none: %s', async (query) => {
    expect((await me.get(`/pipeline-runs?${query}`)).status).toBe(422)
  })

  it('is not to be had while Temporal is away: at once, with a time to try again', async () => {
    const id = await start()
    api.runs.fail(new TemporalUnreachableError('10.1.2.3:7233', new Error('refused')))
    try {
      for (const answer of [
        await me.get(`/pipeline-runs/${id}`),
        await me.get(`/pipeline-runs/${id}/events`),
        await me.get('/pipeline-runs'),
        await me.post('/pipeline-runs', { yaml: nap }),
        await me.post('/pipeline-runs', { yaml: nap }, { 'Idempotency-Key': 'away' }),
        await me.post(`/pipeline-runs/${id}/cancel`),
      ]) {
        expect([answer.status, answer.json.code]).toEqual([503, 'temporal_unavailable'])
        expect(answer.headers.get('Retry-After')).toMatch(/^\d+$/)
        expect(answer.text).not.toContain('10.1.2.3')
      }
      expect((await me.get('/jobs')).status).toBe(200)
      expect((await me.post('/pipelines/validate', { yaml: nap })).status).toBe(200)
    } finally {
      api.runs.fail(undefined)
    }
  })
})

describe('a saved pipeline', () => {
  const put = (person: Person, yaml: string, headers: Record<string, string> = {}, name = 'nap') =>
    person.send('PUT', `/pipelines/${name}`, { body: { yaml }, headers })
  const version = (n: number) => `${nap}# ${n}\n`

  it('has a version for each text, and none for the same again', async () => {
    const person = await api.person()
    const saved = [
      await put(person, version(1)),
      await put(person, version(1)),
      await put(person, version(2)),
    ]
    expect(saved.map(({ json }) => [json.version, json.is_new])).toEqual([
      [1, true],
      [1, false],
      [2, true],
    ])
    expect(saved[2]?.headers.get('ETag')).toBe('"2"')
    // An older text is a change, too.
    expect((await put(person, version(1))).json).toMatchObject({ version: 3, is_new: true })
    expect((await person.get('/pipelines/nap')).json).toMatchObject({
      version: 3,
      yaml: version(1),
      created_by: person.email,
    })
    expect((await person.get('/pipelines/nap/versions/2')).json).toMatchObject({
      version: 2,
      yaml: version(2),
    })
    for (const [path, status] of [
      ['9', 404],
      ['0', 422],
      ['x', 422],
      ['99999999999', 422],
    ] as const)
      expect((await person.get(`/pipelines/nap/versions/${path}`)).status).toBe(status)
    expect((await person.get('/pipelines')).json).toMatchObject({
      count: 1,
      items: [{ name: 'nap', version: 3, description: null }],
    })
  })

  it('counts one version for each of many writes at once', async () => {
    const person = await api.person()
    const saved = await Promise.all(Array.from({ length: 10 }, (_, n) => put(person, version(n))))
    expect(saved.map(({ json }) => json.version).toSorted((a, b) => a - b)).toEqual([
      1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
    ])
  })

  it('is written over what was read, when asked to', async () => {
    const person = await api.person()
    expect((await put(person, version(1), { 'If-Match': '"1"' })).status).toBe(412)
    expect((await put(person, version(1), { 'If-None-Match': '*' })).status).toBe(200)
    expect((await put(person, version(2), { 'If-None-Match': '*' })).status).toBe(412)
    expect((await put(person, version(2), { 'If-Match': '"1"' })).json.version).toBe(2)
    const late = await put(person, version(3), { 'If-Match': '"1"' })
    expect([late.status, late.headers.get('ETag')]).toEqual([412, '"2"'])
    expect((await person.send('DELETE', '/pipelines/nap', { headers: { 'If-Match': '"1"' } })).status).toBe(
      412,
    )
    expect((await put(person, version(3), { 'If-Match': 'W/2' })).status).toBe(422)
  })

  it('is gone once it is deleted, and its numbers are not used again', async () => {
    const person = await api.person()
    await put(person, version(1))
    expect((await person.send('DELETE', '/pipelines/nap')).status).toBe(200)
    for (const path of ['/pipelines/nap', '/pipelines/nap/versions/1'])
      expect((await person.get(path)).status).toBe(404)
    expect((await person.send('DELETE', '/pipelines/nap')).status).toBe(404)
    expect((await person.get('/pipelines')).json.items).toEqual([])
    expect((await put(person, version(1))).json).toMatchObject({ version: 2, is_new: true })
  })

  it('is not saved with an error, nor under another name', async () => {
    const bad = await put(me, broken, {}, 'broken')
    expect([bad.status, bad.json.code]).toEqual([422, 'invalid_pipeline'])
    expect(bad.json.findings.length).toBeGreaterThan(1)
    const other = await put(me, nap, {}, 'other')
    expect(other.json.errors[0]).toMatchObject({
      pointer: '/yaml',
      detail: expect.stringContaining('expected other'),
    })
    for (const name of ['-x', 'a%20b', 'a%2Fb', 'x'.repeat(101)])
      expect((await me.get(`/pipelines/${name}`)).status).toBe(422)
  })

  it('is listed by name, a page at a time', async () => {
    const person = await api.person()
    const names = ['B', 'a', 'a-1', 'b']
    for (const name of names.toReversed())
      await put(person, nap.replace('name: nap', `name: ${name}`), {}, name)
    const found: string[] = []
    for (let cursor: string | null = ''; cursor !== null; ) {
      const { json } = await person.get(`/pipelines?limit=3${cursor === '' ? '' : `&cursor=${cursor}`}`)
      found.push(...json.items.map((item: { name: string }) => item.name))
      cursor = json.next_cursor
    }
    expect(found).toEqual(names)
    const foreign = (await person.get('/pipelines?limit=1')).json.next_cursor
    for (const cursor of [foreign, 'x']) {
      const { status, json } = await me.get(`/pipelines?cursor=${cursor}`)
      expect([status, json.code]).toEqual([422, 'bad_cursor'])
    }
  })

  it('is started in the version that is asked for, or the newest; a replay is answered with the first', async () => {
    const person = await api.person()
    await put(person, version(1))
    await put(person, version(2))
    const start = (body: object, headers?: Record<string, string>) =>
      person.post('/pipeline-runs', { pipeline: 'nap', ...body }, headers)
    expect((await start({})).json).toMatchObject({ pipeline: 'nap', pipeline_version: 2 })
    expect((await start({ version: 1 })).json.pipeline_version).toBe(1)
    const first = await start({}, { 'Idempotency-Key': 'k' })
    await put(person, version(3))
    const again = await start({}, { 'Idempotency-Key': 'k' })
    expect([again.json, again.headers.get('Idempotent-Replayed')]).toEqual([first.json, 'true'])
    const unknown = await start({ version: 9 })
    expect([unknown.status, unknown.json.code]).toEqual([404, 'unknown_pipeline'])
    expect((await person.post('/pipeline-runs', { pipeline: 'nope' })).status).toBe(404)
  })
})

describe('a saved pipeline as a step', () => {
  const put = (person: Person, name: string, step: string) =>
    person.send('PUT', `/pipelines/${name}`, {
      body: `name: ${name}\nsteps: { s: { ${step} } }\n`,
      headers: { 'Content-Type': 'application/yaml' },
    })
  const yaml = 'name: outer\nsteps: { a: { pipeline: middle }, b: { pipeline: inner } }\n'
  /** What runs in the first step of the first step of a run that is started now. */
  const innermost = async (person: Person, body: object) => {
    const { status, json } = await person.post('/pipeline-runs', body)
    expect(status, JSON.stringify(json)).toBe(201)
    const plan = api.runs.planOf(json.id) as PipelinePlan
    const first = (of: PipelinePlan) => of.steps[0]?.target as { pipeline: PipelinePlan; jobType?: string }
    return first(first(first(plan).pipeline).pipeline).jobType
  }

  it('is found with those that it names, in the newest version when a run starts', async () => {
    const person = await api.person()
    expect((await put(person, 'inner', 'job_type: plain')).status).toBe(200)
    expect((await put(person, 'middle', 'pipeline: inner')).status).toBe(200)
    expect((await person.post('/pipelines/validate', { yaml })).json).toEqual({ valid: true, findings: [] })
    expect(await innermost(person, { yaml })).toBe('plain')
    const saved = await person.send('PUT', '/pipelines/outer', { body: { yaml } })
    expect(saved.status, JSON.stringify(saved.json)).toBe(200)
    await put(person, 'inner', 'job_type: metagraph_update, config: { system_id_or_name: x }')
    expect(await innermost(person, { pipeline: 'outer' })).toBe('metagraph_update')
  })

  it('is a finding where the workspace does not have it, and where it runs itself or a file', async () => {
    const person = await api.person()
    const stranger = await api.person()
    await put(stranger, 'middle', 'job_type: plain')
    await put(person, 'inner', 'job_type: plain')
    const validated = async (text: string) =>
      (await person.post('/pipelines/validate', { yaml: text })).json.findings.map(placeOf)
    expect(await validated(yaml)).toEqual(['pipeline.yaml:2 unknown_pipeline'])
    for (const name of ['a b', '-a', 'x'.repeat(101)])
      expect(await validated(`name: outer\nsteps: { a: { pipeline: "${name}" } }`)).toHaveLength(1)
    expect(await validated('name: outer\nsteps:\n  a: { pipeline: ./inner.yaml }')).toEqual([
      'pipeline.yaml:3 pipeline_not_resolved',
    ])

    await put(person, 'middle', 'pipeline: inner')
    const circle = await put(person, 'inner', 'pipeline: middle')
    expect([circle.status, circle.json.findings.map(placeOf)]).toEqual([
      422,
      ['pipeline.yaml:2 nested_pipeline_invalid', 'saved pipeline middle:2 pipeline_cycle'],
    ])
    expect(circle.json.findings[1].message).toContain(
      'saved pipeline inner → saved pipeline middle → saved pipeline inner',
    )
    expect((await put(person, 'self', 'pipeline: self')).json.code).toBe('invalid_pipeline')
    await person.send('DELETE', '/pipelines/inner')
    const { status, json } = await person.post('/pipeline-runs', { pipeline: 'middle' })
    expect([status, json.findings.map(placeOf)]).toEqual([422, ['pipeline.yaml:2 unknown_pipeline']])
  })
})

function placeOf({ file, line, code }: Finding): string {
  return `${file}:${line} ${code}`
}
