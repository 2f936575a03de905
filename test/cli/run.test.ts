import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findFreePort } from '../../src/dev-stack/temporal-cli/free-port.ts'
import { startTestStack, type TestStack } from '../helpers/stack.ts'
import { until } from '../helpers/until.ts'
import { jobwright, jobwrightHere } from './helpers.ts'

let stack: TestStack
let cwd: string

const quick = `
name: quick
inputs:
  wait: { type: string, default: 20ms }
steps:
  first:
    job_type: sleep
    config: { duration: '\${{ inputs.wait }}' }
  many:
    needs: [first]
    for_each: '\${{ [1, 2] }}'
    job_type: sleep
    config: { duration: 10ms }
outputs:
  slept: '\${{ steps.first.outputs.slept }}'
`
const failing = `
name: failing
steps:
  first:
    job_type: sleep
    config: { duration: 1ms, fail: "no \\e[31mcoffee" }
  second:
    needs: [first]
    job_type: sleep
    config: { duration: 1ms }
`
const endless = `
name: endless
steps:
  nap:
    job_type: sleep
    config: { duration: 1h }
`

const detailed = `
name: detailed
inputs:
  word: { type: string, default: yes }
  wait: { type: string, default: 2ms }
steps:
  again:
    job_type: sleep
    config: { duration: 1ms, fail: no coffee }
    retry: { attempts: 2, backoff: 10ms }
    on_failure: continue
  idle:
    if: '\${{ inputs.word == "no" }}'
    job_type: sleep
    config: { duration: 1ms }
  after:
    needs: [idle]
    job_type: sleep
    config: { duration: 1ms }
  many:
    for_each: '\${{ [1, 2] }}'
    job_type: sleep
    config: { duration: '\${{ inputs.wait }}' }
`

const bobsToken = 'test-token-of-bob-of-green'

beforeAll(async () => {
  const tokens = `default/dev@localhost=test-token-of-a-developer,green/bob@example.com=${bobsToken}`
  stack = await startTestStack({ database: 'postgres', env: { JOBWRIGHT_TOKENS: tokens } })
  cwd = await mkdtemp(path.join(tmpdir(), 'jobwright-cli-'))
  for (const [name, text] of Object.entries({ quick, failing, endless, detailed }))
    await writeFile(path.join(cwd, `${name}.yaml`), text)
})
afterAll(async () => {
  await stack?.stop()
  await rm(cwd, { recursive: true, force: true })
})

type Options = Parameters<typeof jobwright>[1]
/** As a process of its own only where something is done to it, or it is looked at on its way. */
const run = (args: string[], options: Options = {}) =>
  (options.onOutput ? jobwright : jobwrightHere)(args, { env: stack.env, cwd, ...options })

/** Starts the endless pipeline, follows it, and acts once its step runs. */
async function followEndless(id: string, act: (kill: (signal: NodeJS.Signals) => void) => void) {
  let acted = false
  return run(['run', 'endless.yaml', '--id', id], {
    onOutput: ({ stdout }, kill) => {
      if (acted || !stdout.includes('step nap running')) return
      acted = true
      act(kill)
    },
  })
}

describe('jobwright run', () => {
  test('follows a pipeline to its end and exits 0', async () => {
    const args = ['run', 'quick.yaml', '-i', 'wait=5ms', '--id', 'quick-1']
    const { code, stdout, stderr } = await jobwright(args, { env: stack.env, cwd })
    expect(code, stderr).toBe(0)
    expect(stderr).toBe('started quick-1\n')
    expect(stdout).toMatch(/^\d\d:\d\d:\d\d step first completed \d+\.\ds run [0-9a-f-]{36}$/m)
    expect(stdout).toMatch(/^\d\d:\d\d:\d\d step many\[1\] completed /m)
    expect(stdout).toMatch(
      /^quick-1 completed in .* \(2 steps: 2 completed\)\noutputs:\n {2}slept: \{"ms":5\}\n$/m,
    )
  })

  test('goes on with the plan it began with, whatever becomes of the file', async () => {
    const file = path.join(cwd, 'edited.yaml')
    await writeFile(file, quick)
    let edited: Promise<void> | undefined
    const { code, stdout, stderr } = await run(['run', 'edited.yaml', '-i', 'wait=5s', '--id', 'edited-1'], {
      onOutput: ({ stdout }) => {
        // Nothing but its first step has begun.
        if (stdout.includes('step first running')) edited ??= writeFile(file, 'name: edited\nsteps: {}\n')
      },
    })
    expect(edited, stdout).toBeDefined()
    expect(code, stderr).toBe(0)
    expect(stdout).toContain('edited-1 completed')
    expect(stdout).toContain('2 steps: 2 completed')
  })

  test('gives a machine the run, and nothing else on stdout', async () => {
    const { code, stdout } = await run(['run', 'quick.yaml', '--output', 'json'])
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      pipeline: 'quick',
      status: 'completed',
      outputs: { slept: { ms: 20 } },
      steps: [
        { step: 'first', generation: 1, status: 'completed' },
        { step: 'many', item: 0, status: 'completed' },
        { step: 'many', item: 1, status: 'completed' },
      ],
    })
  })

  test('of a pipeline that fails exits 1, and says which step and why without obeying its escapes', async () => {
    const { code, stdout } = await run(['run', 'failing.yaml'])
    expect(code).toBe(1)
    expect(stdout).toMatch(/^failed first: \S+: .*no \\u001b\[31mcoffee/m)
    expect(stdout).not.toContain('\u001b')
  })

  test('starts nothing when the file or an input is wrong', async () => {
    await writeFile(path.join(cwd, 'wrong.yaml'), quick.replace('job_type: sleep', 'job_type: slep'))
    const wrong = await run(['run', 'wrong.yaml', '--id', 'wrong-1'])
    expect(wrong).toMatchObject({ code: 2, stdout: '' })
    expect(wrong.stderr).toMatch(/^wrong\.yaml:\d+:\d+ error \S+ .*slep.* → /m)
    const input = await run(['run', 'quick.yaml', '-i', 'wiat=1s', '--id', 'wrong-1', '--output', 'json'])
    expect(input.code).toBe(2)
    expect(JSON.parse(input.stdout)).toMatchObject({ valid: false, findings: [{ file: 'quick.yaml' }] })
    expect(await run(['show', 'wrong-1'])).toMatchObject({ code: 2, stdout: '' })
  })

  test('is let go by Ctrl-C while the run goes on; watch and cancel take it up again', async () => {
    const followed = await followEndless('endless-1', (kill) => kill('SIGINT'))
    expect(followed.code).toBe(130)
    expect(followed.stderr).toContain('jobwright watch endless-1')
    expect(followed.stderr).toContain('jobwright cancel endless-1')
    const shown = await run(['show', 'endless-1', '--output', 'json'])
    expect(JSON.parse(shown.stdout)).toMatchObject({ status: 'running', steps: [{ status: 'running' }] })

    let cancelled: ReturnType<typeof run> | undefined
    const watched = await run(['watch', 'endless-1'], {
      onOutput: ({ stdout }) => {
        if (stdout.includes('step nap running')) cancelled ??= run(['cancel', 'endless-1'])
      },
    })
    expect(watched.code).toBe(4)
    expect(await cancelled).toMatchObject({ code: 0 })
    const again = await run(['cancel', 'endless-1'])
    expect(again).toMatchObject({ code: 0 })
    expect((await run(['watch', 'endless-1'])).code).toBe(4)
  })

  test('--detach prints the id alone; the same id again starts nothing new', async () => {
    const detached = await run(['run', 'endless.yaml', '--detach', '--id', 'endless-2'])
    expect(detached).toMatchObject({ code: 0, stdout: 'endless-2\n' })
    const again = await run(['run', 'endless.yaml', '--detach', '--id', 'endless-2', '--output', 'json'])
    expect(JSON.parse(again.stdout)).toEqual({
      id: 'endless-2',
      pipeline: 'endless',
      status: 'running',
      existed: true,
      warnings: [],
    })
    expect(again.stderr).toContain('endless-2 exists already; nothing new was started')
    expect((await run(['cancel', 'endless-2', '--detach'])).code).toBe(0)
    expect((await run(['watch', 'endless-2'])).code).toBe(4)
    const over = await run(['run', 'endless.yaml', '--detach', '--id', 'endless-2', '--output', 'json'])
    expect(JSON.parse(over.stdout)).toMatchObject({ status: 'cancelled', existed: true })
  })
})

test('jobwright runs lists what ran, newest first', async () => {
  const id = 'quick-listed'
  expect((await run(['run', 'quick.yaml', '--id', id])).code).toBe(0)
  const list = await until('lists know that it is over', async () => {
    const found = JSON.parse((await run(['runs', '--output', 'json', '--limit', '100'])).stdout)
    const isOver = (item: { id: string; status: string }) => item.id === id && item.status === 'completed'
    return found.items.some(isOver) && found
  })
  expect(list.items.map((item: { id: string }) => item.id)).toContain(id)
  expect(list.count).toBe(list.items.length)
  const table = await run(['runs'])
  expect(table.stdout).toMatch(/^ID +PIPELINE +STATUS +STARTED +TOOK +OWNER\n/)
  expect(table.stdout).toMatch(new RegExp(`^${id} +quick +completed .* dev@localhost$`, 'm'))
})

test('of a run that is over show tells inputs, items, earlier generations and why a step was skipped; logs has its lines', async () => {
  const since = new Date(Date.now() - 1_000).toISOString()
  const ran = await run(['run', 'detailed.yaml', '--id', 'detailed-1', '-i', 'wait=3ms'])
  expect(ran.code, ran.stderr).toBe(0)
  const shown = JSON.parse((await run(['show', 'detailed-1', '--output', 'json'])).stdout)
  expect(shown.inputs).toEqual({ word: 'yes', wait: '3ms' })
  const [again, idle, after, , many] = shown.steps
  expect(again).toMatchObject({
    generation: 2,
    earlier: [{ generation: 1, error: { code: 'sleep_failed' } }],
  })
  expect([idle.skipped_because, after.skipped_because]).toEqual([
    'its `if` is false',
    'it needs idle, which was skipped',
  ])
  const text = (await run(['show', 'detailed-1'])).stdout
  expect(text).toContain(`again  generation 1  run ${again.earlier[0].job_run_id}  sleep_failed: `)
  expect(text).toContain(`many[1]  completed  run ${many.job_run_id}\n`)
  expect(text).toContain('wait: "3ms"')

  const logs = await run(['logs', 'detailed-1'])
  expect(logs.stdout.match(/ again sleeping for 1ms$/gm), logs.stdout).toHaveLength(1)
  expect(logs.stdout).toMatch(/ again generation 2 sleeping for 1ms$/m)
  const followed = await run(['logs', 'detailed-1', 'many[1]', '--follow', '--output', 'json'])
  expect(
    followed.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toMatchObject([{ step: 'many', item: 1, job_run_id: many.job_run_id, message: 'sleeping for 3ms' }])
  const runs = await run(['jobs', 'runs'])
  expect(runs.stdout).toMatch(new RegExp(`^${many.job_run_id} .* detailed-1 many\\[1\\] `, 'm'))
  expect(runs.stdout).toMatch(/ detailed-1 again generation 2 /)
  const unknown = await run(['logs', 'detailed-1', 'nothing'])
  expect(unknown).toMatchObject({ code: 2, stdout: '' })
  expect(unknown.stderr).toContain('again, idle, after, many')

  const list = async (...filter: string[]) =>
    JSON.parse((await run(['runs', '--output', 'json', ...filter])).stdout).items
  const [listed] = await until('it is listed', async () => {
    const found = await list('--pipeline', 'detailed', '--status', 'completed,failed', '--since', since)
    return found.length > 0 && found
  })
  expect(Object.keys(listed).sort()).toEqual([
    'finished_at',
    'id',
    'owner',
    'pipeline',
    'started_at',
    'status',
    'workspace',
  ])
  expect(await list('--pipeline', 'detailed', '--status', 'running,cancelled')).toEqual([])
  expect(await list('--pipeline', 'detailed', '--since', '2999-01-01')).toEqual([])
  const wrong = await run(['runs', '--since', 'yesterday'])
  expect(wrong).toMatchObject({ code: 2, stdout: '' })
})

describe('a run belongs to whose token started it:', () => {
  const as = (env: Record<string, string>, ...args: string[]) => run(args, { env: { ...stack.env, ...env } })
  const bob = (...args: string[]) => as({ JOBS_API_TOKEN: bobsToken }, ...args)
  const idsOf = ({ stdout }: { stdout: string }) =>
    JSON.parse(stdout).items.map((item: { id: string }) => item.id)

  test('runs lists those of the workspace, --all-workspaces those of everybody', async () => {
    expect((await run(['run', 'quick.yaml', '--id', 'of-dev'])).code).toBe(0)
    const empty = await bob('runs')
    expect(empty.stdout).toBe('no pipeline runs in workspace green; --all-workspaces lists those of all\n')
    expect((await bob('run', 'endless.yaml', '--id', 'of-bob', '--detach')).code).toBe(0)
    await until('both are listed', async () => {
      const ids = idsOf(await bob('runs', '--all-workspaces', '--output', 'json'))
      return ids.includes('of-bob') && ids.includes('of-dev')
    })
    expect(idsOf(await bob('runs', '--output', 'json'))).toEqual(['of-bob'])
    expect(idsOf(await run(['runs', '--output', 'json']))).not.toContain('of-bob')
    const all = await run(['runs', '--all-workspaces'])
    expect(all.stdout).toMatch(/^ID .* TOOK +WORKSPACE +OWNER$/m)
    expect(all.stdout).toMatch(/^of-bob .* green +bob@example\.com$/m)
  })

  test('show tells it, and whoever may ask Temporal may show and cancel any', async () => {
    const shown = JSON.parse((await run(['show', 'of-bob', '--output', 'json'])).stdout)
    expect(shown).toMatchObject({ workspace: 'green', owner: 'bob@example.com' })
    expect((await run(['show', 'of-bob'])).stdout).toContain('started by bob@example.com in workspace green')
    expect((await run(['cancel', 'of-bob'])).stderr).not.toContain('unknown_pipeline_run')
  })

  test('an API that does not answer lets nothing start, and lists everybody’s runs', async () => {
    const away = { JOBS_API_URL: `http://127.0.0.1:${await findFreePort()}/api/v1` }
    const refused = await as(away, 'run', 'quick.yaml', '--id', 'of-nobody', '--detach')
    expect(refused).toMatchObject({ code: 3, stdout: '' })
    expect(refused.stderr).toContain('/whoami')
    expect((await run(['show', 'of-nobody'])).stderr).toContain('error unknown_pipeline_run')
    const listed = await as(away, 'runs', '--output', 'json')
    expect(idsOf(listed)).toEqual(expect.arrayContaining(['of-dev', 'of-bob']))
    expect(listed.stderr).toContain('note: of all workspaces, as it is not known whose token this is')
  })

  test('with no API to ask it is nobody’s', async () => {
    const none = { JOBS_API_URL: '', JOBS_API_TOKEN: '' }
    expect((await as(none, 'run', 'quick.yaml', '--id', 'of-nobody')).code).toBe(0)
    const shown = JSON.parse((await as(none, 'show', 'of-nobody', '--output', 'json')).stdout)
    expect(shown).toMatchObject({ workspace: null, owner: null, status: 'completed' })
    expect((await run(['show', 'of-nobody'])).stdout).not.toContain('in workspace')
  })
})

test('a run that has ended is not cancelled: the exit code says how it ended; one that never was is unknown', async () => {
  await run(['run', 'quick.yaml', '--id', 'quick-over'])
  const over = await run(['cancel', 'quick-over'])
  expect(over).toMatchObject({ code: 0, stdout: 'quick-over has ended already: completed\n' })
  for (const command of ['show', 'watch', 'cancel']) {
    const unknown = await run([command, 'no-such-run'])
    expect(unknown).toMatchObject({ code: 2, stdout: '' })
    expect(unknown.stderr).toContain('error unknown_pipeline_run')
  }
})

test('validate knows the job types of the server', async () => {
  await writeFile(path.join(cwd, 'typo.yaml'), endless.replace('duration', 'duratoin'))
  const { code, stdout, stderr } = await run(['validate', 'typo.yaml', 'endless.yaml'])
  expect(code).toBe(2)
  expect(stderr).toBe('')
  expect(stdout).toMatch(/^typo\.yaml:\d+:\d+ error \S+ .*duratoin/m)
  expect(stdout).toMatch(/^endless\.yaml: valid$/m)
})
