import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { JobTypeSchemaEntry } from '../../src/contract/index.ts'
import { compilePipeline, resolveInputs } from '../../src/pipeline/index.ts'
import { makeUserProject } from '../helpers/user-project.ts'
import {
  anchorsOf,
  type Block,
  blockNamed,
  blocks,
  blocksOf,
  codeSpans,
  pages,
  place,
  proseOf,
  repository,
} from './pages.ts'
import {
  commandProblem,
  commandsOf,
  functionsOf,
  missingPlaces,
  pipelineFileOf,
  shellProblems,
} from './shell.ts'

/** What a newcomer copies out of the README and the other pages works. Every block of every page is looked at. */

const run = promisify(execFile)
const checked = blocks.filter(({ unchecked }) => unchecked === undefined)
const inLanguage = (language: string) =>
  checked
    .filter((block) => block.language === language)
    .map((block): [string, Block] => [place(block), block])

/** Drawings and output: nobody copies them. */
const shownOnly = ['', 'text', 'dockerfile']
const checkedLanguages = ['yaml', 'ts', 'sh', 'json']

let folder: string
let jobTypes: JobTypeSchemaEntry[]
beforeAll(async () => {
  folder = await makeUserProject('readme')
  await writeFile(path.join(folder, 'jobwright.config.ts'), blockNamed('jobwright.config.ts').text)
  // By Node itself, since that is what loads a user's file.
  const script = `
    import { builtInJobTypes } from 'file://${repository}/src/built-in/index.ts'
    import { createRegistry, loadUserConfig } from 'file://${repository}/src/job-types/index.ts'
    const { jobTypes } = await loadUserConfig(undefined, process.cwd())
    console.log(JSON.stringify(createRegistry([...builtInJobTypes, ...jobTypes]).schemas()))`
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], { cwd: folder })
  jobTypes = JSON.parse(stdout) as JobTypeSchemaEntry[]
})
afterAll(() => rm(folder, { recursive: true }))

describe('a block', () => {
  test('is looked at, or says why not', () => {
    const others = checked.filter(({ language }) => ![...shownOnly, ...checkedLanguages].includes(language))
    expect(others.map(place)).toEqual([])
    expect(checked.filter(({ page }) => page === 'README.md').map(({ language }) => language)).toEqual(
      expect.arrayContaining(['sh', 'text', 'yaml', 'ts']),
    )
  })

  test.each(inLanguage('yaml'))('of YAML is a pipeline that is valid: %s', (_place, { text, name }) => {
    const { plan, findings } = compilePipeline(text, { file: name ?? 'pipeline.yaml', jobTypes })
    expect(findings).toEqual([])
    expect(plan).toBeDefined()
  })

  test.each(inLanguage('json'))('of JSON can be parsed: %s', (_place, { text }) => {
    expect(() => JSON.parse(text)).not.toThrow()
  })

  test.each(inLanguage('sh'))(
    'of shell lines says what there is: %s',
    async (_place, { text, page, line }) => {
      await run('bash', ['-n', '-c', text])
      const above = blocks.filter((one) => one.page === page && one.line < line && one.language === 'sh')
      expect(
        await shellProblems(
          text,
          above.flatMap((one) => functionsOf(one.text)),
        ),
      ).toEqual([])
      expect(commandsOf(text).flatMap(({ words }) => missingPlaces(words))).toEqual([])
    },
  )

  test.each(inLanguage('sh'))('gives pipelines the inputs that they take: %s', async (_place, { text }) => {
    for (const { words } of commandsOf(text)) {
      const started = pipelineFileOf(words)
      if (started === undefined) continue
      const { plan, findings } = compilePipeline(await pipelineText(started.file), { file: started.file })
      expect(findings).toEqual([])
      expect(plan && resolveInputs(plan, started.inputs).findings).toEqual([])
    }
  })
})

/** Of the repository, or of a block that calls itself so. */
async function pipelineText(file: string): Promise<string> {
  const committed = path.join(repository, file)
  return existsSync(committed) ? readFile(committed, 'utf8') : blockNamed(file).text
}

describe('TypeScript', () => {
  let complaints: string
  const fileOf = (block: Block) =>
    path.join(path.basename(block.page, '.md'), block.name ?? `line-${block.line}.ts`)

  beforeAll(async () => {
    for (const [, block] of inLanguage('ts')) {
      const file = path.join(folder, 'typed', fileOf(block))
      await mkdir(path.dirname(file), { recursive: true })
      await writeFile(file, block.text)
    }
    const tsconfig = {
      extends: path.join(repository, 'tsconfig.json'),
      compilerOptions: { typeRoots: [path.join(repository, 'node_modules', '@types')] },
      include: ['typed', path.join(repository, 'src', 'ms.d.ts')],
    }
    await writeFile(path.join(folder, 'tsconfig.json'), JSON.stringify(tsconfig))
    const compiler = path.join(repository, 'node_modules', 'typescript', 'bin', 'tsc')
    const check = run(process.execPath, [compiler, '--noEmit', '-p', folder], { cwd: folder })
    complaints = (await check.catch((error: { stdout: string }) => error)).stdout
  }, 120_000)

  test('has no complaint about anything but a block', () => {
    const elsewhere = complaints.split('\n').filter((line) => /^\S/.test(line) && !line.startsWith('typed/'))
    expect(elsewhere).toEqual([])
  })

  for (const [name, block] of inLanguage('ts'))
    test(`has types that hold: ${name}`, () => {
      const own = `typed/${fileOf(block).split(path.sep).join('/')}(`
      expect(complaints.split('\n').filter((line) => line.startsWith(own))).toEqual([])
    })
})

test('the job type is loaded by Node as it is', () => {
  expect(jobTypes.map(({ job_type }) => job_type)).toContain('checksum')
})

describe.each(pages.map((page) => [page.file, page] as const))('%s', (_file, page) => {
  test('leads to files and headings that are there', () => {
    const links = [...proseOf(page).matchAll(/\]\((?!https?:)([^)]+)\)/g)].map(([, link = '']) => link)
    const missing = links.filter((link) => {
      const [to = '', anchor] = link.split('#')
      const file = to === '' ? page.file : path.posix.join(path.posix.dirname(page.file), to)
      if (!existsSync(path.join(repository, file))) return true
      const target = pages.find((other) => other.file === file)
      return anchor !== undefined && (target === undefined || !anchorsOf(target).includes(anchor))
    })
    expect(missing).toEqual([])
  })

  test('names tests, scripts and pages that are there', () => {
    const named = codeSpans(proseOf(page)).filter((code) => /^(test|scripts|docs)\/[^ ]*\.\w+$/.test(code))
    expect(named.filter((file) => !existsSync(path.join(repository, file)))).toEqual([])
  })

  test('names commands that there are', async () => {
    const named = codeSpans(proseOf(page)).filter((code) => /^(bin\/)?jobwright(\.js)? |^npm /.test(code))
    const problems = await Promise.all(
      named.map(async (code) => [code, await commandProblem(commandsOf(code)[0]?.words ?? [])] as const),
    )
    // A command may be spoken of without what it takes.
    const wrong = problems.filter(([, problem]) => problem && !problem.includes('missing required argument'))
    expect(wrong).toEqual([])
  })
})

test('pages lead to every page: whoever starts at the README can find it', () => {
  const reached = new Set(['README.md'])
  for (const file of reached) {
    const page = pages.find((other) => other.file === file)
    for (const [, link = ''] of page?.text.matchAll(/\]\((?!https?:)([^)#]+)/g) ?? [])
      reached.add(path.posix.join(path.posix.dirname(file), link))
  }
  const lost = pages.map(({ file }) => file).filter((file) => !reached.has(file))
  // Decisions are listed by their folder.
  expect(lost.filter((file) => !file.startsWith('docs/adr/'))).toEqual([])
})

test('the README is short', () => {
  expect(pages.find(({ file }) => file === 'README.md')?.text.split('\n').length).toBeLessThanOrEqual(126)
})

describe('a block that is not looked at', () => {
  const blocksIn = (text: string) => blocksOf({ file: 'a.md', text })

  test('has a mark with a reason right above it', () => {
    expect(blocksIn('<!-- unchecked: needs a cluster -->\n```sh\nx\n```\n')[0]?.unchecked).toBe(
      'needs a cluster',
    )
    expect(blocksIn('<!-- unchecked:  -->\n```sh\nx\n```\n')[0]?.unchecked).toBeUndefined()
    expect(blocksIn('<!-- unchecked: a -->\ntext\n```sh\nx\n```\n')[0]?.unchecked).toBeUndefined()
  })

  test('cannot hide behind a fence that stays open', () => {
    expect(() => blocksIn('```sh\nx\n')).toThrow('a.md:1')
  })
})

describe('shell lines', () => {
  test.each([
    ['jobwright rnu a.yaml', 'unknown command'],
    ['jobwright run a.yaml --detatch', 'unknown option'],
    ['npx jobwright jobs get', 'missing required argument'],
    ['npm run strat', 'no script strat'],
    ['npm start -- --kepe', 'no such option'],
    ['JOBWRIGHT_PROT=1 jobwright dev', 'no such variable'],
    ['export JOBS_API_TOKN=…', 'no such variable'],
    ['npm install ./jobwright-0.0.9.tgz', 'the version is'],
    ['frobnicate', 'nothing is known of frobnicate'],
  ])('%s: %s', async (line, problem) => {
    expect((await shellProblems(line)).join('\n')).toContain(problem)
  })

  test('are read as a shell reads them', () => {
    const text = `a=1 b -i x='["y", "z"]' # c\nf() { d "e # f" && g; }\nh \\\n  i\n`
    expect(commandsOf(text)).toEqual([
      { words: ['b', '-i', 'x=["y", "z"]'], variables: ['a'] },
      { words: ['function', 'f'], variables: [] },
      { words: ['d', 'e # f'], variables: [] },
      { words: ['g'], variables: [] },
      { words: ['h', 'i'], variables: [] },
    ])
  })
})
