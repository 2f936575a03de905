// Whether the tests notice what they are there for: each fault of the table is put into a copy of the repository, and at least one of
// its tests has to fail. `npm run test:mutants`, or with words of their names: `npm run test:mutants -- cancel`.
import { spawnSync } from 'node:child_process'
import { cp, mkdtemp, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type Mutant, mutants } from './mutants/table.ts'

const repository = path.resolve(import.meta.dirname, '..')
const copied = [
  'src',
  'test',
  'scripts',
  'bin',
  'docs',
  'examples',
  'templates',
  'package.json',
  'tsconfig.json',
  'vitest.config.ts',
]

interface Outcome {
  failed: number
  passed: number
  /** Files that could not even be run: the mutant is none. */
  broken: number
}

/** In the copy, so that nothing has to be put right when this is interrupted. */
async function run(folder: string, tests: readonly string[]): Promise<Outcome> {
  const report = path.join(folder, 'report.json')
  await rm(report, { force: true })
  const vitest = path.join(folder, 'node_modules/vitest/vitest.mjs')
  const { error } = spawnSync(
    process.execPath,
    [vitest, 'run', '--bail=1', '--reporter=json', `--outputFile=${report}`, ...tests],
    { cwd: folder, stdio: 'ignore' },
  )
  if (error) throw error
  const { numFailedTests, numPassedTests, testResults } = JSON.parse(await readFile(report, 'utf8')) as {
    numFailedTests: number
    numPassedTests: number
    testResults: { assertionResults: unknown[] }[]
  }
  const broken = testResults.filter(({ assertionResults }) => assertionResults.length === 0).length
  return { failed: numFailedTests, passed: numPassedTests, broken }
}

/** What is wrong with a mutant or its tests; undefined when a test noticed it. */
async function problemOf(folder: string, mutant: Mutant): Promise<string | undefined> {
  const file = path.join(folder, mutant.file)
  const original = await readFile(file, 'utf8')
  const times = original.split(mutant.text).length - 1
  if (times !== 1) return `its text stands in ${mutant.file} ${times} times, not once: write the mutant anew`
  await writeFile(
    file,
    original.replace(mutant.text, () => mutant.replacement),
  )
  try {
    const { failed, broken } = await run(folder, mutant.tests)
    if (failed > 0) return undefined
    return broken > 0
      ? `${broken} test files could not be run with it: write the mutant anew`
      : 'no test noticed it'
  } finally {
    await writeFile(file, original)
  }
}

async function main(words: readonly string[]): Promise<number> {
  const chosen = mutants.filter(({ name }) => words.every((word) => name.includes(word)))
  const folder = await mkdtemp(path.join(tmpdir(), 'jobwright-mutants-'))
  const tidy = () => rm(folder, { recursive: true, force: true })
  try {
    for (const name of copied)
      await cp(path.join(repository, name), path.join(folder, name), { recursive: true })
    await symlink(await realpath(path.join(repository, 'node_modules')), path.join(folder, 'node_modules'))
    const sound = await run(folder, [...new Set(chosen.flatMap(({ tests }) => tests))])
    if (sound.failed > 0 || sound.broken > 0 || sound.passed === 0) {
      console.error('the tests fail without any mutant: nothing can be said of those')
      return 1
    }
    let unnoticed = 0
    for (const mutant of chosen) {
      const problem = await problemOf(folder, mutant)
      if (problem) unnoticed += 1
      console.log(`${problem ? 'FAILED' : 'ok    '}  ${mutant.name}${problem ? `: ${problem}` : ''}`)
    }
    console.log(`${chosen.length - unnoticed} of ${chosen.length} noticed`)
    return unnoticed === 0 && chosen.length > 0 ? 0 : 1
  } finally {
    await tidy()
  }
}

process.exitCode = await main(process.argv.slice(2))
