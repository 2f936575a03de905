import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, expect, test } from 'vitest'

/** Programs as users write them, beside types as `jobwright types` writes them; a line that must be refused says so. */
const folder = path.join(import.meta.dirname, 'types')
const compiler = path.resolve(import.meta.dirname, '../../../node_modules/typescript/bin/tsc')

const programs = (kind: string): string[] =>
  readdirSync(path.join(folder, kind)).map((file) => `${kind}/${file}`)
const refused = new Map<string, number[]>()

beforeAll(async () => {
  const check = promisify(execFile)(process.execPath, [compiler, '-p', folder], { cwd: folder })
  const { stdout } = await check.catch((error: { stdout: string }) => error)
  for (const [, file = '', line] of stdout.matchAll(/^(.+?)\((\d+),\d+\): error/gm))
    refused.set(file, [...new Set([...(refused.get(file) ?? []), Number(line)])])
}, 120_000)

test('there are as many as there have to be', () => {
  expect(programs('wrong').length).toBeGreaterThanOrEqual(12)
  expect(programs('right').length).toBeGreaterThanOrEqual(12)
})

test.each(programs('wrong'))('%s does not compile, and the line that is wrong is named', (program) => {
  const lines = readFileSync(path.join(folder, program), 'utf8').split('\n')
  const marked = lines.flatMap((line, index) => (line.includes('// refused') ? [index + 1] : []))
  expect(refused.get(program)).toEqual(marked)
})

test.each(programs('right'))('%s compiles', (program) => {
  expect(refused.get(program) ?? []).toEqual([])
})

test('what the programs share compiles', () => {
  expect(refused.get('job-types.ts') ?? []).toEqual([])
})
