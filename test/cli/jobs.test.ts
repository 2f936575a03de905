import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findFreePort } from '../../src/dev-stack/temporal-cli/free-port.ts'
import { startTestStack, type TestStack } from '../helpers/stack.ts'
import { jobwright, jobwrightHere, withTempDir } from './helpers.ts'

let stack: TestStack
beforeAll(async () => {
  stack = await startTestStack({ database: 'postgres' })
})
afterAll(() => stack?.stop())

const run = (...args: string[]) => jobwrightHere(args, { env: stack.env })
async function json(...args: string[]) {
  const outcome = await run(...args, '--output', 'json')
  expect(outcome, outcome.stderr).toMatchObject({ code: 0 })
  return JSON.parse(outcome.stdout)
}

test('pipelines are saved on the server, a version for each change, and listed', async () => {
  await withTempDir(async (dir) => {
    const file = path.join(dir, 'nap.yaml')
    const save = async (duration: string) => {
      await writeFile(
        file,
        `name: nap\nsteps: { nap: { job_type: sleep, config: { duration: ${duration} } } }\n`,
      )
      return (await json('push', file)).items
    }
    expect(await save('1s')).toEqual([{ file, name: 'nap', version: 1, is_new: true }])
    expect(await save('1s')).toMatchObject([{ version: 1, is_new: false }])
    expect(await save('2s')).toMatchObject([{ version: 2, is_new: true }])
    expect((await run('push', file)).stdout).toMatch(/^nap +2 +unchanged/m)
    expect(await json('pipelines')).toMatchObject({ items: [{ name: 'nap', version: 2 }], count: 1 })
    expect((await run('pipelines')).stdout).toMatch(/^nap +2 /m)
    // Only the server knows that it has no such job type.
    await writeFile(file, 'name: nap\nsteps: { nap: { job_type: slep } }\n')
    expect(await run('push', file)).toMatchObject({ code: 2, stderr: expect.stringContaining('slep') })
    await writeFile(file, 'name: nap\nsteps: {}\n')
    expect(await run('push', file)).toMatchObject({ code: 2, stderr: expect.stringContaining('no_steps') })
  })
})

test('saved pipelines are run by their names, and as steps of others', async () => {
  await withTempDir(async (dir) => {
    const write = async (name: string, step: string) => {
      await writeFile(path.join(dir, `${name}.yaml`), `name: ${name}\nsteps: { s: { ${step} } }\n`)
      return path.join(dir, `${name}.yaml`)
    }
    const sleep = 'job_type: sleep, config: { duration: 1ms }'
    const outer = await write('cli-outer', 'pipeline: cli-middle')
    const middle = await write('cli-middle', 'pipeline: cli-inner')
    const inner = await write('cli-inner', sleep)
    const refused = await run('validate', outer)
    expect(refused).toMatchObject({
      code: 2,
      stdout: expect.stringContaining('no saved pipeline `cli-middle`'),
    })
    // Whatever order they are named in.
    const { items } = await json('push', outer, middle, inner)
    expect(items.map(({ name }: { name: string }) => name)).toEqual(['cli-inner', 'cli-middle', 'cli-outer'])
    expect(await run('validate', outer)).toMatchObject({ code: 0 })
    expect(await run('graph', outer)).toMatchObject({ code: 0 })
    expect(await run('validate', outer, '--offline')).toMatchObject({
      code: 2,
      stdout: expect.stringContaining('`--offline` was given'),
    })
    const env = { ...stack.env, JOBS_API_URL: `http://127.0.0.1:${await findFreePort()}/api/v1` }
    expect(await jobwrightHere(['graph', outer], { env })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('pipeline_not_resolved'),
    })

    await write('cli-inner', 'job_type: sleep, config: { duration: 2ms }')
    await json('push', inner)
    expect(await json('run', outer)).toMatchObject({ status: 'completed', pipeline: 'cli-outer' })
    expect(await json('run', 'cli-outer')).toMatchObject({ status: 'completed', pipeline_version: 1 })
    expect(await json('run', 'cli-inner')).toMatchObject({ status: 'completed', pipeline_version: 2 })
    expect(await json('run', 'cli-inner@1')).toMatchObject({ status: 'completed', pipeline_version: 1 })
    expect(await jobwrightHere(['run', 'cli-none'], { env })).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('no file cli-none is here'),
    })
    for (const name of ['cli-none', 'cli-inner@3'])
      expect(await run('run', name)).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('unknown_pipeline'),
      })
  })
})

describe('jobs from the shell', () => {
  test('are created, listed, shown, changed, run to their end and deleted', async () => {
    const job = await json('jobs', 'create', '--type', 'sleep', '--config', '{"duration": "10ms"}')
    expect(job.config).toEqual({ job_type: 'sleep', duration: '10ms' })
    const list = await json('jobs', 'list', '--type', 'sleep', '--limit', '1')
    expect(list).toMatchObject({ items: [{ uuid: job.uuid }], count: 1 })
    expect(await json('jobs', 'get', job.uuid)).toEqual(job)
    expect(await json('jobs', 'latest-run', job.uuid)).toBeNull()

    const changed = await json('jobs', 'update', job.uuid, '--config', '{"duration": "20ms"}')
    expect(changed.config.duration).toBe('20ms')

    const ended = await json('jobs', 'run', job.uuid, '--wait', '--config', '{"duration": "5ms"}')
    expect(ended).toMatchObject({ status: 'completed', job_id: job.uuid, config: { duration: '5ms' } })
    expect(await json('jobs', 'latest-run', job.uuid)).toMatchObject({ uuid: ended.uuid })
    expect(await json('jobs', 'get-run', ended.uuid)).toMatchObject({ status: 'completed' })
    expect((await json('jobs', 'runs', '--job', job.uuid, '--status', 'completed')).items).toHaveLength(1)
    expect(await json('jobs', 'logs', ended.uuid)).toMatchObject({ items: expect.any(Array) })

    await json('jobs', 'delete', job.uuid)
    expect(await json('jobs', 'get', job.uuid)).toMatchObject({ is_deleted: true })
  })

  test('print tables for people, and progress of a run on stderr', async () => {
    const job = await json('jobs', 'create', '--type', 'sleep', '--config', '{"duration": "10ms"}')
    const table = await run('jobs', 'list', '--limit', '1')
    expect(table.stdout).toMatch(/^JOB +CREATED +BY +TYPE +NAME\n/)
    expect(table.stdout).toContain(job.uuid)
    const waited = await run('jobs', 'run', job.uuid, '--wait')
    expect(waited.code).toBe(0)
    expect(waited.stdout).toMatch(/^status {4,}completed$/m)
    expect(waited.stderr).toMatch(/^\d\d:\d\d:\d\d run \S+ completed$/m)
    expect((await run('jobs', 'schemas')).stdout).toMatch(/^sleep /m)
  })

  test('the same key gives the same job and the same run again', async () => {
    const create = () =>
      json('jobs', 'create', '--type', 'sleep', '--config', '{"duration": "1ms"}', '--key', 'k1')
    const job = await create()
    expect((await create()).uuid).toBe(job.uuid)
    const start = () => json('jobs', 'run', job.uuid, '--key', 'r1')
    expect((await start()).uuid).toBe((await start()).uuid)
  })

  test('a run that is cancelled while it is waited for exits 4', async () => {
    const job = await json('jobs', 'create', '--type', 'sleep', '--config', '{"duration": "10m"}')
    let asked: ReturnType<typeof run> | undefined
    const waited = await jobwright(['jobs', 'run', job.uuid, '--wait'], {
      env: stack.env,
      onOutput: ({ stderr }) => {
        const id = /run (\S+) running/.exec(stderr)?.[1]
        if (id) asked ??= run('jobs', 'cancel', id)
      },
    })
    expect((await asked)?.code).toBe(0)
    expect(waited.code).toBe(4)
    expect(waited.stdout).toMatch(/^status +cancelled$/m)
  })

  test('Ctrl-C lets go of a run that is waited for; it goes on', async () => {
    const job = await json('jobs', 'create', '--type', 'sleep', '--config', '{"duration": "10m"}')
    let id = ''
    const waited = await jobwright(['jobs', 'run', job.uuid, '--wait'], {
      env: stack.env,
      onOutput: ({ stderr }, kill) => {
        const found = /run (\S+) running/.exec(stderr)?.[1]
        if (found && id === '') {
          id = found
          kill('SIGINT')
        }
      },
    })
    expect(waited.code).toBe(130)
    expect(waited.stderr).toContain(`jobwright jobs cancel ${id}`)
    expect((await json('jobs', 'get-run', id)).status).toBe('running')
    await json('jobs', 'cancel', id)
  })

  test('what the server refuses is told with its code and exits 2', async () => {
    const nobody = '00000000-0000-4000-8000-000000000000'
    const unknown = await run('jobs', 'get', nobody)
    expect(unknown).toMatchObject({ code: 2, stdout: '' })
    expect(unknown.stderr).toContain('error unknown_job')
    const wrong = await run('jobs', 'create', '--type', 'sleep', '--config', '{"duration": 5}')
    expect(wrong).toMatchObject({ code: 2, stdout: '' })
    expect(wrong.stderr.match(/\/config\/duration/g)).toHaveLength(1)
    const status = await run('jobs', 'runs', '--status', 'done')
    expect(status).toMatchObject({ code: 2, stdout: '' })
    expect(status.stderr).toContain('pending, running, paused, completed, failed, cancelled')
  })

  test('a token that is not known is a matter of usage, and is not repeated', async () => {
    const outcome = await jobwrightHere(['jobs', 'list'], {
      env: { ...stack.env, JOBS_API_TOKEN: 'canary-90d1' },
    })
    expect(outcome).toMatchObject({ code: 2, stdout: '' })
    expect(outcome.stderr).toContain('JOBS_API_TOKEN')
    expect(outcome.stderr).not.toContain('canary-90d1')
  })

  test('the doctor is content', async () => {
    const report = await json('doctor')
    expect(report.healthy).toBe(true)
    const names = report.checks.map((check: { name: string }) => check.name)
    expect(names).toEqual([
      'node',
      'data_dir',
      'cache',
      'temporal',
      'job_runs',
      'search_attributes',
      'workers',
      'sweeps',
      'pacing',
      'jobs_api',
      'mode',
      'capabilities',
      'change_feed',
      'worker_token',
    ])
    for (const token of [stack.token, stack.env['JOBWRIGHT_WORKER_TOKEN']])
      expect(JSON.stringify(report)).not.toContain(token)
  })
})

describe('documents from the shell', () => {
  test('are pushed, those that changed only, listed and read again', async () => {
    await withTempDir(async (directory) => {
      const docs = path.join(directory, 'docs')
      await mkdir(path.join(docs, 'deep'), { recursive: true })
      await writeFile(path.join(docs, 'a.md'), '# A\n')
      await writeFile(path.join(docs, 'deep', 'b.csv'), 'x,y\n')
      const push = () => json('documents', 'push', docs, '--as', 'cli-docs')
      expect(await push()).toMatchObject({
        collection: 'cli-docs',
        pushed: ['a.md', 'deep/b.csv'],
        unchanged: [],
      })
      await writeFile(path.join(docs, 'a.md'), '# B\u001b[31m\n')
      expect(await push()).toMatchObject({ pushed: ['a.md'], unchanged: ['deep/b.csv'] })

      const list = await json('documents', 'list', 'cli-docs')
      expect(list.items.map((entry: { path: string }) => entry.path)).toEqual(['a.md', 'deep/b.csv'])
      const content = await run('documents', 'get', 'cli-docs', 'a.md')
      expect(content).toEqual({ code: 0, stdout: '# B\u001b[31m\n', stderr: '' })
      expect(await json('documents', 'get', 'cli-docs', 'deep/b.csv')).toMatchObject({
        collection: 'cli-docs',
        path: 'deep/b.csv',
        text: 'x,y\n',
      })
      const text = await run('documents', 'push', docs, '--as', 'cli-docs')
      expect(text.stdout).toBe('cli-docs: 0 documents pushed (0 B), 2 unchanged, 0 skipped\n')
    })
  })

  test('that are not there are unknown, not empty', async () => {
    const outcome = await run('documents', 'get', 'cli-docs', 'nothing.md')
    expect(outcome).toMatchObject({ code: 2, stdout: '' })
  })
})
