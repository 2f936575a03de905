import type { Command } from 'commander'
import { describe, expect, test } from 'vitest'
import type { CliHost } from '../../src/cli/context.ts'
import { exitCodes } from '../../src/cli/exit-codes.ts'
import { createProgram } from '../../src/cli/program.ts'
import { environmentSchema } from '../../src/config.ts'
import {
  capabilitiesSchema,
  extensionRoutes,
  limits,
  pipelineRoutes,
  type RouteDescriptor,
  referenceRoutes,
  scheduleRoutes,
  workerLimits,
} from '../../src/contract/index.ts'
import { codeSpans, pages, tableRows } from './pages.ts'

/** Pages that list what there is list all of it, and nothing else. */

function pageText(file: string): string {
  const page = pages.find((other) => other.file === file)
  if (page === undefined) throw new Error(`no page ${file}`)
  return page.text
}

const sorted = (names: Iterable<string>) => [...names].toSorted()

describe('docs/environment.md', () => {
  const rows = tableRows(pageText('docs/environment.md')).map(([names = '', fallback = '']) => ({
    names: codeSpans(names),
    fallback,
  }))

  test('has every variable once', () => {
    expect(sorted(rows.flatMap(({ names }) => names))).toEqual(sorted(Object.keys(environmentSchema.shape)))
  })

  test('has the defaults of the program', () => {
    const defaults = Object.entries(environmentSchema.parse({}))
    const wrong = defaults.filter(([name, value]) => {
      const shown = rows.find(({ names }) => names.includes(name))?.fallback ?? ''
      return name.endsWith('_MS') ? milliseconds(shown) !== value : codeSpans(shown)[0] !== String(value)
    })
    expect(wrong).toEqual([])
  })

  /** `6 h`, `1.5 s`: what a person writes. */
  function milliseconds(text: string): number {
    const [, amount, unit = ''] = /^([\d.]+) (h|s)\b/.exec(text) ?? []
    return Number(amount) * ({ h: 3_600_000, s: 1_000 }[unit] ?? Number.NaN)
  }
})

describe('docs/cli.md', () => {
  const program = createProgram({ version: '0.0.0' } as CliHost, false, async () => undefined)
  const commands = leavesOf(program)
  const text = pageText('docs/cli.md')
  const rows = tableRows(text).flatMap(([usage = '', about = '', options]) => {
    const [command] = codeSpans(usage)
    return command === undefined || options === undefined ? [] : [{ command, about, options }]
  })

  test('has every command once', () => {
    const named = rows.map(({ command }) => nameOf(command.split(' ')))
    expect(sorted(named)).toEqual(sorted(commands.keys()))
  })

  test.each(rows.map((row) => [row.command, row] as const))('%s has all its options', (_name, row) => {
    const command = commands.get(nameOf(row.command.split(' ')))
    const known = command?.options.map(({ long }) => long ?? '') ?? []
    const shown = codeSpans(row.options).flatMap((code) => /^--[\w-]+/.exec(code)?.[0] ?? [])
    expect(sorted(shown)).toEqual(sorted(known))
    const takes = command?.registeredArguments.length ?? 0
    expect(row.command.split(' ').filter((word) => /^\[?[A-Z]+\]?$/.test(word))).toHaveLength(takes)
  })

  test('has every exit code', () => {
    const codes = tableRows(text.slice(text.indexOf('## Exit codes'))).map(([code]) => Number(code))
    expect(codes).toEqual(Object.values(exitCodes).toSorted((a, b) => a - b))
  })

  function leavesOf(command: Command, name: string[] = []): Map<string, Command> {
    if (command.commands.length === 0) return new Map([[name.join(' '), command]])
    return new Map(command.commands.flatMap((sub) => [...leavesOf(sub, [...name, sub.name()])]))
  }

  /** Of the words of a usage those that are no placeholders. */
  function nameOf(words: readonly string[]): string {
    return words.filter((word) => !/^\[?[A-Z]+\]?$/.test(word)).join(' ')
  }
})

describe('docs/jobs-api.md', () => {
  const text = pageText('docs/jobs-api.md')
  const inTables = tableRows(text).flatMap((row) => codeSpans(row.join(' ')))

  test.each([
    ['docs/jobs-api.md', { ...referenceRoutes, ...extensionRoutes }],
    ['docs/pipeline-api.md', { ...pipelineRoutes, ...scheduleRoutes }],
  ])('%s has every operation of its own, and no other', (page, routes) => {
    const text = pageText(page)
    const bare = (path: string) => path.replace(/\?.*/, '').replaceAll(/\{\w+\}/g, '{}')
    const own: RouteDescriptor[] = Object.values(routes)
    const there = own.map(({ method, path }) => `${method.toUpperCase()} ${bare(path)}`)
    const named = codeSpans(text).flatMap((code) => {
      const [, method, path = ''] = /^(GET|POST|PUT|PATCH|DELETE) (\/\S+)$/.exec(code) ?? []
      return method === undefined ? [] : [`${method} ${bare(path)}`]
    })
    expect(sorted(new Set(named))).toEqual(sorted(there))
  })

  test('has every capability', () => {
    const flags = Object.keys(capabilitiesSchema.omit({ server: true, version: true }).shape)
    expect(flags.filter((flag) => !inTables.includes(flag))).toEqual([])
  })
})

test('docs/limits.md has what the contract says', () => {
  const rows = new Map(tableRows(pageText('docs/limits.md')).map(([what = '', limit = '']) => [what, limit]))
  const mib = (bytes: number) => `${bytes / 1024 / 1024} MiB`
  const grouped = (amount: number) => amount.toLocaleString('en-US')
  expect(Object.fromEntries(rows)).toMatchObject({
    'a JSON body': `${mib(limits.bodyBytes)}, nested ${limits.jsonDepth} deep`,
    'a config, with everything merged into it': mib(limits.bodyBytes),
    'an output': mib(limits.outputBytes),
    'a document': mib(limits.documentBytes),
    "an output within a run's answer": `JSON up to ${limits.inlineOutputBytes / 1024} KiB; others by their address`,
    'log lines of a run': `${grouped(workerLimits.logLines)}, of ${grouped(workerLimits.logLineCharacters)} characters each`,
    'an idempotency key': `${limits.idempotencyKeyCharacters} characters`,
    'a `client_ref`': `${grouped(limits.clientRefCharacters)} characters`,
    'a page of a list': `${grouped(limits.pageItems)} items`,
    'a long poll': `${limits.longPollSeconds} s`,
  })
})
