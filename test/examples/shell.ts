import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { Writable } from 'node:stream'
import type { CliHost } from '../../src/cli/context.ts'
import { createProgram } from '../../src/cli/program.ts'
import { environmentSchema } from '../../src/config.ts'
import { repository } from './pages.ts'

/** What can be said about shell lines of the pages without running them. */

export interface Command {
  words: string[]
  /** Names that are set in front of it, or by `export`. */
  variables: string[]
}

/** Simple commands in the order of the text: no more of the shell's grammar than the pages use. */
export function commandsOf(text: string): Command[] {
  return splitWords(text).flatMap((words) => {
    const start = words.findIndex((word) => !isAssignment(word))
    const set = start < 0 ? words : words.slice(0, start)
    const rest = start < 0 ? [] : words.slice(start)
    const exported = rest[0] === 'export' ? rest.slice(1) : []
    const variables = [...set, ...exported].map((word) => word.split('=', 1)[0] ?? '')
    return [{ words: rest, variables }]
  })
}

function isAssignment(word: string): boolean {
  return /^[A-Za-z_]\w*=/.test(word)
}

const separators = ['\n', ';', '&', '|', '(', ')', '{', '}']

function splitWords(text: string): string[][] {
  const commands: string[][] = []
  let words: string[] = []
  let word: string | undefined
  const endWord = () => {
    if (word !== undefined) words.push(word)
    word = undefined
  }
  const endCommand = () => {
    endWord()
    if (words.length > 0) commands.push(words)
    words = []
  }
  for (let at = 0; at < text.length; at++) {
    const character = text[at] ?? ''
    if (character === "'" || character === '"') {
      const end = text.indexOf(character, at + 1)
      if (end < 0) throw new Error(`a ${character} is never closed: ${text.slice(at, at + 40)}`)
      word = (word ?? '') + text.slice(at + 1, end)
      at = end
    } else if (character === '\\' && text[at + 1] === '\n') at++
    else if (character === '#' && word === undefined) at = text.indexOf('\n', at) - 1
    else if (text.startsWith('()', at)) {
      // A function's name, which is defined from here on.
      commands.push(['function', word ?? ''])
      word = undefined
      at++
    } else if (separators.includes(character)) endCommand()
    else if (/\s/.test(character)) endWord()
    else word = (word ?? '') + character
  }
  endCommand()
  return commands
}

/** Tools that everyone has, or that the lines before have made. */
const otherTools = ['alias', 'export', 'function', 'cd', 'curl', 'node']
const npmCommands = ['ci', 'init', 'install', 'pack', 'pkg']
const ownVariables = /^(JOBWRIGHT|TEMPORAL|JOBS_API|DATABASE|XDG)_/

const manifest = JSON.parse(readFileSync(path.join(repository, 'package.json'), 'utf8')) as {
  version: string
  scripts: Record<string, string>
}

/** Functions that shell lines define. */
export function functionsOf(text: string): string[] {
  return commandsOf(text).flatMap(({ words: [head, name] }) => (head === 'function' && name ? [name] : []))
}

/** What is wrong with a block of shell lines; empty when nothing is. @param known functions of blocks above it */
export async function shellProblems(text: string, known: readonly string[] = []): Promise<string[]> {
  const commands = commandsOf(text)
  const functions = [...known, ...functionsOf(text)]
  const problems: string[] = []
  for (const command of commands) {
    for (const name of command.variables)
      if (ownVariables.test(name) && !Object.hasOwn(environmentSchema.shape, name))
        problems.push(`${name}: Jobwright reads no such variable`)
    const problem = await commandProblem(command.words, functions)
    if (problem !== undefined) problems.push(`${command.words.join(' ')}: ${problem}`)
  }
  for (const [archive, version] of text.matchAll(/jobwright-([\d.]+)\.tgz/g))
    if (version !== manifest.version) problems.push(`${archive}: the version is ${manifest.version}`)
  return problems
}

/** What is wrong with one command; undefined when nothing is. */
export async function commandProblem(words: readonly string[], functions: readonly string[] = []) {
  const [tool = '', first = '', ...rest] = words
  if (tool === 'npx' && first === 'jobwright') return jobwrightProblem(rest)
  if (/^(bin\/)?jobwright(\.js)?$/.test(tool)) return jobwrightProblem(words.slice(1))
  if (tool === 'npm') return npmProblem(first, rest)
  if (tool === '' || otherTools.includes(tool) || functions.includes(tool)) return undefined
  return `nothing is known of ${tool}; add it to what is checked, or mark the block as unchecked`
}

function npmProblem(first: string, rest: readonly string[]): string | undefined {
  const script = first === 'run' ? rest[0] : ['start', 'test'].includes(first) ? first : undefined
  if (script === undefined)
    return npmCommands.includes(first) ? undefined : `nothing is known of npm ${first}`
  if (manifest.scripts[script] === undefined) return `package.json has no script ${script}`
  const options = rest.slice(rest.indexOf('--') + 1).filter((word) => word.startsWith('--'))
  if (script !== 'start' || options.length === 0) return undefined
  const source = readFileSync(path.join(repository, 'scripts', 'start.ts'), 'utf8')
  return options.every((option) => source.includes(`'${option}'`)) ? undefined : 'no such option'
}

/** Whether the real command line would take it; nothing of it is run. */
async function jobwrightProblem(args: readonly string[]): Promise<string | undefined> {
  let said = ''
  const sink = new Writable({
    decodeStrings: false,
    write(chunk: string, _encoding, done) {
      said += chunk
      done()
    },
  })
  const host = { stdout: sink, stderr: sink, version: manifest.version, color: false } as unknown as CliHost
  const program = createProgram(host, false, async () => undefined)
  try {
    await program.parseAsync([...args], { from: 'user' })
    return undefined
  } catch (error) {
    const isHelp = error instanceof Error && 'exitCode' in error && error.exitCode === 0
    return isHelp ? undefined : said.trim() || String(error)
  }
}

/** The file that a `run`, `validate` or `graph` of these words is about, unless it is a placeholder. */
export function pipelineFileOf(
  words: readonly string[],
): { file: string; inputs: Record<string, string> } | undefined {
  const at = words.findIndex((word) => ['run', 'validate', 'graph'].includes(word))
  const file = words.slice(at + 1).find((word) => /\.ya?ml$/.test(word))
  if (at < 0 || file === undefined) return undefined
  const given = words.flatMap((word, index) =>
    ['-i', '--input'].includes(words[index - 1] ?? '') ? [word] : [],
  )
  const inputs = Object.fromEntries(
    given.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  )
  return { file, inputs }
}

/** Whether words name a place in the repository that is not there. */
export function missingPlaces(words: readonly string[]): string[] {
  return words.filter(
    (word, at) =>
      words[at - 1] !== '--out' &&
      /^(examples|scripts|docs|bin|src)\//.test(word) &&
      !existsSync(path.join(repository, word)),
  )
}
