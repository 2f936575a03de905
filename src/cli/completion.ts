import type { Command, Option } from 'commander'

/** Scripts that complete command lines, made of the definitions of the commands. Pure. */

export const shells = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof shells)[number]

interface Entry {
  /** `''`, `jobs`, `jobs list`, … */
  path: string
  description: string
  subcommands: string[]
  options: Option[]
  takesFiles: boolean
}

export function completionScript(program: Command, shell: Shell): string {
  const entries = entriesOf(program, [], program.options)
  switch (shell) {
    case 'bash':
      return bashScript(entries)
    case 'zsh':
      return `#compdef jobwright\nautoload -U +X bashcompinit && bashcompinit\n${bashScript(entries)}`
    case 'fish':
      return fishScript(entries)
  }
}

function entriesOf(command: Command, path: string[], globals: readonly Option[]): Entry[] {
  const own: Entry = {
    path: path.join(' '),
    description: command.description(),
    subcommands: command.commands.map((sub) => sub.name()),
    options: path.length === 0 ? [...globals] : [...command.options, ...globals],
    takesFiles: command.registeredArguments.some((argument) =>
      /^(file|files|directory)$/.test(argument.name()),
    ),
  }
  return [own, ...command.commands.flatMap((sub) => entriesOf(sub, [...path, sub.name()], globals))]
}

const flagsOf = ({ options }: Entry): string[] => [...options.map(({ long }) => long ?? ''), '--help']

function bashScript(entries: Entry[]): string {
  const groups = entries.filter(({ subcommands }) => subcommands.length > 0)
  const steps = groups.flatMap(({ path, subcommands }) =>
    subcommands.map((name) => `      '${path} ${name}') at='${`${path} ${name}`.trim()}' ;;`),
  )
  const words = entries.map((entry) => {
    const files = entry.takesFiles ? ` files=yes;` : ''
    return `    '${entry.path}')${files} offer='${[...entry.subcommands, ...flagsOf(entry)].join(' ')}' ;;`
  })
  const choices = new Map(
    entries.flatMap(({ options }) =>
      options.flatMap(({ long, argChoices }) => (argChoices ? [[long ?? '', argChoices] as const] : [])),
    ),
  )
  const values = [...choices].map(
    ([long, all]) => `    ${long}) COMPREPLY=($(compgen -W '${all.join(' ')}' -- "$cur")); return ;;`,
  )
  return [
    '_jobwright() {',
    // Neither `path` nor `words`: zsh has those.
    `  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD-1]}" at="" files="" offer="" word`,
    '  COMPREPLY=()',
    `  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do`,
    '    case "$at $word" in',
    ...steps,
    '    esac',
    '  done',
    '  case "$prev" in',
    ...values,
    '    --config|--out) COMPREPLY=($(compgen -f -- "$cur")); return ;;',
    '  esac',
    '  case "$at" in',
    ...words,
    '  esac',
    '  COMPREPLY=($(compgen -W "$offer" -- "$cur"))',
    '  if [ -n "$files" ]; then COMPREPLY+=($(compgen -f -- "$cur")); fi',
    '}',
    'complete -o filenames -F _jobwright jobwright',
    '',
  ].join('\n')
}

/** What stands between single quotes in fish. */
const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`

function fishScript(entries: Entry[]): string {
  const lines = entries.flatMap((entry) => {
    const isHere = conditionOf(entry)
    const subcommands = entry.subcommands.map((name) => {
      const sub = entries.find(({ path }) => path === `${entry.path} ${name}`.trim())
      return `complete -c jobwright -f -n ${quoted(isHere)} -a ${name} -d ${quoted(sub?.description ?? '')}`
    })
    const options = entry.options.map(({ long, short, argChoices, required, description }) =>
      [
        `complete -c jobwright -n ${quoted(isHere)} -l ${(long ?? '').slice(2)}`,
        ...(short ? [`-s ${short.slice(1)}`] : []),
        ...(argChoices ? [`-x -a ${quoted(argChoices.join(' '))}`] : required ? ['-r'] : []),
        `-d ${quoted(description)}`,
      ].join(' '),
    )
    return [...subcommands, ...options]
  })
  return `complete -c jobwright -e\n${lines.join('\n')}\n`
}

function conditionOf({ path, subcommands }: Entry): string {
  if (path === '') return '__fish_use_subcommand'
  const seen = path.split(' ').map((word) => `__fish_seen_subcommand_from ${word}`)
  const deeper = subcommands.length > 0 ? [`not __fish_seen_subcommand_from ${subcommands.join(' ')}`] : []
  return [...seen, ...deeper].join('; and ')
}
