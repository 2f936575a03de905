import { mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { findFreePort } from '../../src/dev-stack/temporal-cli/free-port.ts'
import { jobwright, withTempDir } from './helpers.ts'

const good = `
name: good
steps:
  first: { job_type: sleep, config: { duration: 1s } }
  second: { needs: [first], job_type: sleep, config: { duration: 1s } }
`
const bad = `
name: bad
steps:
  first: { needs: [nobody], job_type: sleep, timeout: soon }
`
const secret = `
name: secret
steps:
  first: { job_type: sleep, config: { duration: '\${{ secrets.TRACKER }}' } }
`

async function inDirectory<T>(files: Record<string, string | Uint8Array>, work: (cwd: string) => Promise<T>) {
  return withTempDir(async (cwd) => {
    for (const [name, content] of Object.entries(files)) await writeFile(path.join(cwd, name), content)
    return work(cwd)
  })
}

describe('jobwright validate', () => {
  test('tells every problem of every file, with place and fix, and exits 2', async () => {
    await inDirectory({ 'good.yaml': good, 'bad.yaml': bad }, async (cwd) => {
      const outcome = await jobwright(['validate', '--offline', 'bad.yaml', 'good.yaml', 'missing.yaml'], {
        cwd,
      })
      expect(outcome).toMatchObject({ code: 2, stderr: '' })
      expect(outcome.stdout).toMatch(/^bad\.yaml:4:\d+ error \S+ .*nobody.* → .+$/m)
      expect(outcome.stdout).toMatch(/^bad\.yaml:4:\d+ error bad_duration .*soon.* → .+$/m)
      expect(outcome.stdout).toMatch(/^bad\.yaml:4:\d+ error config_missing_field .*duration/m)
      expect(outcome.stdout).toMatch(/^bad\.yaml: 3 errors$/m)
      expect(outcome.stdout).toMatch(/^good\.yaml: valid$/m)
      expect(outcome.stdout).toMatch(/^missing\.yaml:1:1 error no_such_file /m)
    })
  })

  test('holds a schedule against the clock, where `graph` and others do not; those of nested pipelines are not asked', async () => {
    const scheduled = (schedule: string) => `${good}schedule: ${schedule}\n`
    const over = scheduled('{ every: 1h, until: 2020-01-01 }')
    const files = {
      'night.yaml': scheduled("{ cron: '30 2 * * *', timezone: Europe/Berlin }"),
      'over.yaml': over,
      'outer.yaml': 'name: outer\nsteps: { a: { pipeline: ./over.yaml } }\n',
    }
    await inDirectory(files, async (cwd) => {
      const night = await jobwright(['validate', '--offline', 'night.yaml', 'outer.yaml'], { cwd })
      expect(night.code).toBe(0)
      expect(night.stdout).toMatch(
        /^night\.yaml:6:19 warning dst_gap 02:30 on 20\d\d-03-\d\d does not exist in Europe\/Berlin/m,
      )
      expect(night.stdout).toMatch(/^outer\.yaml: valid$/m)
      const ended = await jobwright(['validate', '--offline', 'over.yaml'], { cwd })
      expect(ended.code).toBe(2)
      expect(ended.stdout).toMatch(/^over\.yaml:6:31 error until_past /m)
      expect((await jobwright(['graph', 'over.yaml'], { cwd })).code).toBe(0)
    })
  })

  test('gives a machine {valid, findings}, and nothing else on stdout', async () => {
    await inDirectory({ 'good.yaml': good, 'bad.yaml': bad }, async (cwd) => {
      const valid = await jobwright(['validate', 'good.yaml', '--output', 'json'], { cwd })
      expect(valid.code).toBe(0)
      expect(JSON.parse(valid.stdout)).toEqual({ valid: true, findings: [] })
      // Nothing was asked of a server, and that is said where it does not disturb.
      expect(valid.stderr).toContain("without the server's job types")
      const invalid = await jobwright(['validate', '--offline', 'bad.yaml', '--output', 'json'], { cwd })
      expect(invalid).toMatchObject({ code: 2, stderr: '' })
      const report = JSON.parse(invalid.stdout)
      expect(report.valid).toBe(false)
      for (const finding of report.findings)
        expect(Object.keys(finding).sort()).toEqual([
          'code',
          'column',
          'file',
          'fix',
          'line',
          'message',
          'severity',
        ])
    })
  })

  test('names the byte that is no UTF-8, and refuses what is no file', async () => {
    const bytes = Buffer.concat([Buffer.from('name: x\n'), Buffer.from([0xff])])
    await inDirectory({ 'latin.yaml': bytes, 'empty.yaml': '' }, async (cwd) => {
      const { code, stdout } = await jobwright(['validate', '--offline', 'latin.yaml', 'empty.yaml', '.'], {
        cwd,
      })
      expect(code).toBe(2)
      expect(stdout).toMatch(/latin\.yaml:1:1 error bad_utf8 .*byte 8 /)
      expect(stdout).toMatch(/empty\.yaml:1:1 error empty_file /)
      expect(stdout).toMatch(/^\.:1:1 error not_a_file /m)
    })
  })
})

describe('a secret that the configuration at hand lacks', () => {
  const files = {
    'secret.yaml': secret,
    'jobwright.config.ts': "export default { secrets: { OTHER: 'canary-5' } }\n",
  }

  test('is a warning of validate and an error of run, which starts nothing', async () => {
    await inDirectory(files, async (cwd) => {
      const validated = await jobwright(['validate', '--offline', 'secret.yaml'], { cwd })
      expect(validated.code).toBe(0)
      expect(validated.stdout).toMatch(/^secret\.yaml:\d+:\d+ warning unknown_secret .*TRACKER/m)
      const ran = await jobwright(['run', 'secret.yaml'], {
        cwd,
        env: { TEMPORAL_ADDRESS: `127.0.0.1:${await findFreePort()}` },
      })
      expect(ran).toMatchObject({ code: 2, stdout: '' })
      expect(ran.stderr).toMatch(/^secret\.yaml:\d+:\d+ error unknown_secret .*TRACKER/m)
      expect(validated.stdout + validated.stderr + ran.stderr).not.toContain('canary-5')
    })
  })

  test('cannot be known where the configuration does not load; validate goes on and says so', async () => {
    await inDirectory({ ...files, 'jobwright.config.ts': 'export default { secrets: 7 }\n' }, async (cwd) => {
      const { code, stdout, stderr } = await jobwright(['validate', '--offline', 'secret.yaml'], { cwd })
      expect({ code, stdout }).toEqual({ code: 0, stdout: 'secret.yaml: valid\n' })
      expect(stderr).toContain('jobwright.config.ts')
    })
  })
})

describe('without a configuration', () => {
  const ran = async (cwd: string, env: Record<string, string>) =>
    jobwright(['run', 'secret.yaml'], { cwd, env })

  test("a secret is a warning of validate, and an error of run where the stack is this machine's", async () => {
    await inDirectory({ 'secret.yaml': secret }, async (cwd) => {
      const validated = await jobwright(['validate', '--offline', 'secret.yaml'], { cwd })
      expect(validated.code).toBe(0)
      expect(validated.stdout).toMatch(/^secret\.yaml:\d+:\d+ warning unknown_secret .*TRACKER/m)
      const here = { JOBWRIGHT_DATA_DIR: path.join(cwd, '.jobwright') }
      expect((await ran(cwd, here)).stderr).toMatch(/^secret\.yaml:\d+:\d+ error unknown_secret .*TRACKER/m)
      // A stack elsewhere has a configuration of its own.
      const elsewhere = await ran(cwd, { TEMPORAL_ADDRESS: `127.0.0.1:${await findFreePort()}` })
      expect(elsewhere.code).toBe(3)
      expect(elsewhere.stderr).toMatch(/^secret\.yaml:\d+:\d+ warning unknown_secret .*TRACKER/m)
    })
  })

  test('the built-in job types are known, and that there may be others', async () => {
    const text = `name: a
steps:
  nap: { job_type: sleep, config: { duration: 5 } }
  other: { job_type: of_somebody, config: { duration: 5 } }
`
    await inDirectory({ 'a.yaml': text }, async (cwd) => {
      const { stdout } = await jobwright(['validate', '--offline', 'a.yaml'], { cwd })
      expect(stdout.split('\n').filter((line) => / (error|warning) /.test(line))).toEqual([
        expect.stringMatching(/^a\.yaml:3:47 error config_wrong_type config\.duration must be string/),
      ])
    })
  })
})

test('without a server the job types of the configuration beside the file count, and its connections', async () => {
  const package_ = new URL('../../src/public/job-types.ts', import.meta.url).href
  const zod = import.meta.resolve('zod')
  const config = `
import { defineConfig, defineJobType } from '${package_}'
import { z } from '${zod}'
const probe = defineJobType({
  jobType: 'probe', displayName: 'Probe', description: 'Probes',
  config: z.strictObject({ url: z.url() }),
  outputs: { sum: z.object({ bytes: z.number() }) },
  run: async () => {},
})
export default defineConfig({ jobTypes: [probe], connections: { staging: { url: 'https://a.example/api/v1', token: 'canary-6' } } })
`
  const text = `name: a
steps:
  one: { job_type: probe, config: { url: nowhere } }
  two: { needs: [one], job_type: sleep, config: { duration: '\${{ steps.one.outputs.sum.byte }}' } }
  three: { job_type: prob }
`
  const staged = (name: string) => `name: a\nconnection: ${name}\nsteps: { one: { job_type: x } }\n`
  await withTempDir(async (cwd) => {
    const files = {
      'jobwright.config.ts': config,
      'a.yaml': text,
      'b.yaml': staged('stagin'),
      'c.yaml': staged('other'),
      'd.yaml': staged('staging'),
    }
    await mkdir(path.join(cwd, 'sub'))
    for (const [name, content] of Object.entries(files)) await writeFile(path.join(cwd, 'sub', name), content)
    const names = ['a', 'b', 'c', 'd'].map((name) => `sub/${name}.yaml`)
    const { code, stdout, stderr } = await jobwright(['validate', ...names], { cwd })
    expect(code).toBe(2)
    expect(stderr).toMatch(
      /^note: checked without the server's job types, with those of .*sub.jobwright\.config\.ts: /,
    )
    expect(stderr.trim().split('\n')).toHaveLength(1)
    expect(stdout.split('\n').filter((line) => / (error|warning) /.test(line))).toEqual([
      expect.stringMatching(/^sub\/a\.yaml:3:42 error config_wrong_value .*format "uri"/),
      expect.stringMatching(/^sub\/a\.yaml:4:\d+ error unknown_member .*`bytes`/),
      expect.stringMatching(/^sub\/a\.yaml:5:22 error unknown_job_type .*`probe`/),
      expect.stringMatching(/^sub\/b\.yaml:2:13 error unknown_connection .*`staging`/),
      expect.stringMatching(/^sub\/c\.yaml:2:13 warning unknown_connection .*known: default, staging/),
    ])
    expect(stdout + stderr).not.toContain('canary-6')
    // A server that is somewhere else and cannot be asked may have others.
    const env = { JOBS_API_URL: `http://127.0.0.1:${await findFreePort()}/api/v1`, JOBS_API_TOKEN: 'x' }
    const remote = await jobwright(['validate', 'sub/a.yaml'], { cwd, env })
    expect(remote.stdout).not.toContain('unknown_job_type')
    expect(remote.stdout).toContain('config_wrong_value')
  })
})

test('jobwright schema prints the JSON Schema of a pipeline file', async () => {
  const { code, stdout, stderr } = await jobwright(['schema'])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(JSON.parse(stdout)).toMatchObject({
    $schema: expect.stringContaining('json-schema.org'),
    required: ['name', 'steps'],
  })
})

test('of more errors than are shown it says so', async () => {
  const steps = Array.from({ length: 250 }, (_, index) => `  s${index}: { job_typ: sleep }`)
  await inDirectory({ 'many.yaml': ['name: many', 'steps:', ...steps, ''].join('\n') }, async (cwd) => {
    const { stdout } = await jobwright(['validate', '--offline', 'many.yaml'], { cwd })
    expect(stdout).toMatch(/^many\.yaml: the first 200 errors; there may be more$/m)
  })
})

describe('jobwright graph', () => {
  test('draws to stdout or to a file', async () => {
    await inDirectory({ 'good.yaml': good }, async (cwd) => {
      const mermaid = await jobwright(['graph', 'good.yaml', '--format', 'mermaid'], { cwd })
      expect(mermaid).toMatchObject({ code: 0, stderr: '' })
      expect(mermaid.stdout).toContain('first')
      const json = await jobwright(['graph', 'good.yaml', '--output', 'json'], { cwd })
      expect(JSON.parse(json.stdout)).toMatchObject({
        pipeline: 'good',
        format: 'text',
        graph: expect.any(String),
      })
      // The name says which form it is to have; an option says it first.
      for (const [name, start] of [
        ['good.svg', '<svg'],
        ['good.mmd', 'flowchart'],
        ['good.txt', 'good'],
      ] as const) {
        const wrote = await jobwright(['graph', 'good.yaml', '--out', name], { cwd })
        expect(wrote).toEqual({ code: 0, stdout: '', stderr: `wrote ${name}\n` })
        expect((await readFile(path.join(cwd, name), 'utf8')).trimStart()).toMatch(new RegExp(`^${start}`))
      }
      const nowhere = await jobwright(['graph', 'good.yaml', '--out', 'no/such/folder.svg'], { cwd })
      expect(nowhere).toMatchObject({ code: 2, stdout: '' })
      expect(nowhere.stderr).toContain('error unwritable_file')
    })
  })

  test('of a file with errors tells them and exits 2', async () => {
    await inDirectory({ 'bad.yaml': bad }, async (cwd) => {
      const { code, stdout, stderr } = await jobwright(['graph', 'bad.yaml'], { cwd })
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
      expect(stderr).toMatch(/^bad\.yaml:4:\d+ error /m)
    })
  })
})
