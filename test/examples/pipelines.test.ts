import { globSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { builtInJobTypes } from '../../src/built-in/index.ts'
import { createRegistry, loadUserConfig } from '../../src/job-types/index.ts'
import { compilePipeline, resolveInputs } from '../../src/pipeline/index.ts'
import { jobwright } from '../cli/helpers.ts'

/** Every pipeline of the examples, whatever its name. */
const repository = path.resolve(import.meta.dirname, '..', '..')
const files = globSync('examples/**/*.{yaml,yml}', { cwd: repository })

test('all are valid for `jobwright validate`, without any finding', async () => {
  const { code, stdout, stderr } = await jobwright(['validate', ...files, '--output', 'json'], {
    cwd: repository,
  })
  expect(code, stderr).toBe(0)
  expect(JSON.parse(stdout)).toEqual({ valid: true, findings: [] })
})

describe.each(files)('%s', (file) => {
  test('compiles against the job types of its folder, to a plan that needs no input', async () => {
    const own = await loadUserConfig(undefined, path.dirname(path.join(repository, file)))
    const jobTypes = createRegistry([...builtInJobTypes, ...own.jobTypes]).schemas()
    const text = await readFile(path.join(repository, file), 'utf8')
    const { notificationTargets, secrets } = own
    const known = { jobTypes, notificationTargets, secretNames: Object.keys(secrets) }
    const { plan, findings } = compilePipeline(text, { file, ...known })
    expect(findings).toEqual([])
    expect(plan && resolveInputs(plan, {}).findings).toEqual([])
  })
})

test('there are examples', () => {
  expect(files).toContain(path.join('examples', 'pdu-review', 'pipeline.yaml'))
})
