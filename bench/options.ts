import { parseArgs } from 'node:util'
import { workloads } from './workloads.ts'

export const armNames = [
  'ours',
  'ours-before',
  'temporal1',
  'temporal3',
  'restate',
  'dbos',
  'plain',
  'stack',
  'stack-before',
  'stack-pg',
  'stack-pg-before',
] as const
export type ArmName = (typeof armNames)[number]

export interface Options {
  arms: readonly ArmName[]
  workloads: readonly string[]
  rounds: number
  /** A checkout of another version; undefined: none takes part. */
  baseline: string | undefined
  /** Waiting ten thousandfold, kills and memory, beside the workloads. */
  extras: readonly ExtraName[]
  /** Where the processes of stacks leave their CPU profiles; they are slower for it. */
  profile: string | undefined
  /** Everything was asked for, with nothing left out. */
  isFull: boolean
  /** Where the report is kept, without its extension; undefined: where reports are, under its date. */
  out: string | undefined
}

export const extraNames = ['waiting', 'kills', 'memory'] as const
export type ExtraName = (typeof extraNames)[number]

export const usage = `usage: npm run bench [-- --only chain,fan --arms ours,temporal1 --rounds N --baseline DIR --full --out FILE --profile DIR]
  --only      of ${[...workloads.map(({ name }) => name), ...extraNames].join(', ')}
  --arms      of ${armNames.join(', ')}
  --baseline  another checkout of this project; its arms are those that end in -before
  --profile   a folder for CPU profiles of our processes, which node bench/profile.ts sums up
  --full      everything; takes an hour`

const shortArms: readonly ArmName[] = ['ours', 'temporal1', 'temporal3', 'plain', 'stack']

/** @throws Error with the usage */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string' },
      arms: { type: 'string' },
      rounds: { type: 'string' },
      baseline: { type: 'string' },
      full: { type: 'boolean', default: false },
      out: { type: 'string' },
      profile: { type: 'string' },
    },
  })
  const known: readonly string[] = [...workloads.map(({ name }) => name), ...extraNames]
  const short = workloads.filter(({ isLong }) => !isLong).map(({ name }) => name)
  const wanted = named(values.only, known) ?? (values.full ? known : short)
  const everyone = values.full ? armNames : shortArms
  const compared: readonly ArmName[] = values.baseline
    ? armNames.filter((name) => everyone.includes(name) || everyone.includes(withoutBefore(name)))
    : everyone.filter((name) => !isBefore(name))
  const arms = (named(values.arms, armNames) as ArmName[] | undefined) ?? compared
  if (arms.some(isBefore) && values.baseline === undefined)
    throw new Error(`${usage}\n\n-before needs --baseline`)
  const rounds = Number(values.rounds ?? (values.full ? 10 : 4))
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error(usage)
  return {
    arms: armNames.filter((name) => arms.includes(name)),
    workloads: wanted.filter((name) => !extraNames.some((extra) => extra === name)),
    extras: extraNames.filter((name) => wanted.includes(name)),
    rounds,
    baseline: values.baseline,
    isFull: values.full && values.only === undefined && values.arms === undefined,
    profile: values.profile,
    out: values.out,
  }
}

export const isBefore = (name: string): boolean => name.endsWith('-before')
const withoutBefore = (name: ArmName): ArmName => name.replace('-before', '') as ArmName

function named(list: string | undefined, known: readonly string[]): string[] | undefined {
  const names = list?.split(',').map((name) => name.trim())
  const strange = names?.find((name) => !known.includes(name))
  if (strange !== undefined) throw new Error(`${strange} is none of ${known.join(', ')}\n${usage}`)
  return names
}
