import { existsSync, globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { mutants } from '../scripts/mutants/table.ts'
import {
  breaches,
  circles,
  guesses,
  isolateBreaches,
  maxLines,
  type SourceFile,
  unusedPermissions,
  upwardPermissions,
  zoneOf,
  zones,
} from './architecture/rules.ts'
import { findImports, findInCode } from './architecture/scan.ts'

const repository = path.resolve(import.meta.dirname, '..')
const read = (file: string): string => readFileSync(path.join(repository, file), 'utf8')
const files: SourceFile[] = globSync('src/**/*.ts', { cwd: repository })
  .map((file) => file.split(path.sep).join('/'))
  .toSorted()
  .map((file) => ({ path: file, text: read(file) }))

describe('the house', () => {
  test('has sources to look at', () => {
    expect(files.length).toBeGreaterThan(20)
  })

  test('keeps its rules in every file of src', () => {
    expect(files.flatMap(breaches)).toEqual([])
  })

  test('makes use of everything that its rules allow', () => {
    expect(unusedPermissions(files)).toEqual([])
  })

  test('lets no room need one that stands above it, types included', () => {
    expect(upwardPermissions(zones)).toEqual([])
  })

  test('has no two files that need each other, types included', () => {
    expect(circles(files)).toEqual([])
  })

  test('loads nothing into the workflow isolate that is not made for it', () => {
    const entries = files
      .map((file) => file.path)
      .filter((file) => /^src\/(workflows|run-job|public\/workflow\.ts)/.test(file))
    expect(isolateBreaches(entries, (file) => files.find((one) => one.path === file)?.text)).toEqual([])
  })

  test('writes the status of a step in one place only', () => {
    const written = files
      .filter(({ path: file }) => /^src\/(pipeline\/plan|workflows|remote-run|run-job)\//.test(file))
      .flatMap(({ path: file, text }) =>
        findInCode(text, /\.status\s*=[^=]/).map((line) => `${file}:${line}`),
      )
    expect(written.filter((place) => !place.startsWith('src/pipeline/plan/transitions.ts'))).toEqual([])
  })

  test('guesses from no text of an error what it is, in scripts neither', () => {
    const scripts = globSync('scripts/**/*.{ts,mjs}', { cwd: repository })
    expect(scripts.length).toBeGreaterThan(3)
    for (const file of scripts)
      for (const pattern of guesses) expect(findInCode(read(file), pattern), file).toEqual([])
  })

  test('says "completed", never "succeeded", where users read it', () => {
    const found = files.flatMap(({ path: file, text }) =>
      text
        .split('\n')
        .flatMap((line, index) => (/['"`]succeeded['"`]/.test(line) ? [`${file}:${index + 1}`] : [])),
    )
    expect(found).toEqual([])
  })
})

test.each(mutants.map((mutant) => [mutant.name, mutant] as const))(
  'the mutant “%s” still has its place',
  (_name, { file, text, tests }) => {
    expect(read(file).split(text)).toHaveLength(2)
    expect(tests.filter((test) => !existsSync(path.join(repository, test)))).toEqual([])
  },
)

describe('a breach is found', () => {
  const at = (file: string, text: string) => breaches({ path: file, text })

  test.each([
    ['a forbidden folder', 'src/contract/a.ts', "import { x } from '../client/index.ts'"],
    ['a forbidden package', 'src/workflows/a.ts', "import { z } from 'zod'"],
    ['a module of Node in workflows', 'src/workflows/a.ts', "import path from 'node:path'"],
    [
      'a value of activities in workflows',
      'src/workflows/a.ts',
      "import { x } from '../activities/index.ts'",
    ],
    [
      'an inline type, whose module is loaded',
      'src/workflows/a.ts',
      "import { type X } from '../activities/index.ts'",
    ],
    ['a re-export', 'src/contract/a.ts', "export * from '../client/index.ts'"],
    ['an import for its effect', 'src/contract/a.ts', "import 'node:fs'"],
    ['a dynamic import', 'src/contract/a.ts', "const x = await import('../client/index.ts')"],
    ['an import over several lines', 'src/contract/a.ts', "import {\n  a,\n  b,\n} from 'ky'"],
    ['a root', 'src/cli/a.ts', "import '../worker.ts'"],
    ['the configuration', 'src/cli/a.ts', "import { loadConfig } from '../config.ts'"],
    ['the store from a route', 'src/server/routes/a.ts', "import { x } from '../store/index.ts'"],
    ['a file outside every rule', 'src/stray/a.ts', "import { x } from '../client/index.ts'"],
    ['the environment', 'src/client/a.ts', 'const home = process.env.HOME'],
    ['the environment in a template', 'src/client/a.ts', `const a = \`at \${process.env.HOME}\``],
    ['a default export', 'src/client/a.ts', 'export default 1'],
    ['an enum', 'src/client/a.ts', 'export enum A {}'],
    ['an error known by its name', 'src/client/a.ts', "if (error.name === 'TimeoutError') retry()"],
    ['a choice by the name of an error', 'src/client/a.ts', 'switch (error.name) {'],
    ['an error known by a part of its code', 'src/client/a.ts', "return code.includes('locked') ? 3 : 1"],
    [
      'an error known by the start of its code',
      'src/client/a.ts',
      "if (error.code?.startsWith('temporal_'))",
    ],
    ['a long file', 'src/client/a.ts', 'x\n'.repeat(maxLines + 1)],
  ])('%s', (_name, file, text) => {
    expect(at(file, text)).toHaveLength(1)
  })

  test('a permission that nobody uses', () => {
    const uses = [
      {
        path: 'src/client/a.ts',
        text: "import ky from 'ky'\nimport { sendRequest } from '#http'\nimport type { Job } from '../contract/index.ts'",
      },
    ]
    // Types alone are no use of a folder that may be loaded.
    expect(unusedPermissions(uses).filter((one) => one.startsWith('src/client:'))).toEqual([
      'src/client: src/base',
      'src/client: src/contract',
    ])
    expect(unusedPermissions([]).length).toBeGreaterThanOrEqual(zones.length)
  })

  test('a room that may use one above it, be it for types only', () => {
    const ordered = [
      { folder: 'src/a', loads: [], types: ['src/b'] },
      { folder: 'src/b', loads: ['src/a'] },
    ]
    expect(upwardPermissions(ordered)).toEqual(['src/a: src/b'])
  })

  test('files that need each other, be it for types only', () => {
    const around = [
      { path: 'src/client/a.ts', text: "import { b } from './b.ts'" },
      { path: 'src/client/b.ts', text: "import type { A } from './a.ts'" },
      { path: 'src/client/c.ts', text: "import { b } from './b.ts'" },
    ]
    expect(circles(around)).toEqual(['src/client/a.ts → src/client/b.ts → src/client/a.ts'])
  })

  test('with its place and its rule', () => {
    expect(at('src/contract/a.ts', "import { z } from 'zod'\n\nimport ky from 'ky'\n")).toEqual([
      'src/contract/a.ts:3  imports ky: src/contract may use zod',
    ])
  })

  test('however many files lie between workflows and it', () => {
    const sources: Record<string, string> = {
      'src/workflows/a.ts': "import { b } from '../pipeline/plan/b.ts'",
      'src/pipeline/plan/b.ts': "import type { Z } from 'zod'\nimport { c } from './c.ts'",
      'src/pipeline/plan/c.ts': "\nimport { z } from 'zod'",
    }
    expect(isolateBreaches(['src/workflows/a.ts'], (file) => sources[file])).toEqual([
      'src/pipeline/plan/c.ts:2  loads zod into the workflow isolate ' +
        '(src/workflows/a.ts → src/pipeline/plan/b.ts → src/pipeline/plan/c.ts)',
    ])
  })
})

describe('what is allowed passes', () => {
  test.each([
    ['its own folder', 'src/contract/a.ts', "import { x } from './b.ts'"],
    [
      'types where only types may be used',
      'src/workflows/a.ts',
      "import type { X } from '../activities/index.ts'",
    ],
    ['a part of a package', 'src/expressions/a.ts', "import { x } from '@marcbachmann/cel-js/evaluator'"],
    ['what a comment says', 'src/contract/a.ts', "// import ky from 'ky'\n/* process.env.A\n */"],
    ['what a string says', 'src/client/a.ts', "const a = 'export default process.env'"],
    [
      'a root that imports anything',
      'src/worker.ts',
      "import { x } from './client/index.ts'\nimport pino from 'pino'",
    ],
    ['an exact code', 'src/client/a.ts', "if (error.code === 'x' || codes.includes(error.code)) retry()"],
    ['an export of a text', 'src/contract/a.ts', "export const from = 'ky'"],
  ])('%s', (_name, file, text) => {
    expect(breaches({ path: file, text })).toEqual([])
  })

  test('a folder inside another follows its own rule', () => {
    expect(zoneOf('src/pipeline/plan/x.ts')?.folder).toBe('src/pipeline/plan')
    expect(zoneOf('src/pipeline/x.ts')?.folder).toBe('src/pipeline')
  })
})

describe('the scanner', () => {
  test('tells types from values', () => {
    const source =
      "import type { A } from './a.ts'\nimport { type B, c } from './b.ts'\nexport type { D } from './d.ts'"
    expect(findImports(source)).toEqual([
      { line: 1, specifier: './a.ts', typeOnly: true },
      { line: 2, specifier: './b.ts', typeOnly: false },
      { line: 3, specifier: './d.ts', typeOnly: true },
    ])
  })

  test('finds as many imports as a plain search of the lines does', () => {
    for (const { path: file, text } of files) {
      const plain = text
        .split('\n')
        .filter((line) => /^(import\b|export\b|\}).* from '[^']+'$/.test(line)).length
      const found = findImports(text).filter(({ line }) =>
        / from '[^']+'$/.test(text.split('\n')[line - 1] ?? ''),
      )
      expect(found, file).toHaveLength(plain)
    }
  })

  test('looks past comments and strings', () => {
    expect(findInCode("a // enum\n'enum'\nenum", /enum/)).toEqual([3])
  })
})
