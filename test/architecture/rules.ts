import path from 'node:path'
import { findImports, findInCode } from './scan.ts'

/** The house's rules as data, and what breaks them. Paths are relative to the repository, with `/`. */

interface Zone {
  /** The folder (or file) the rule is about; the longest that fits a file counts. */
  folder: string
  /** Other folders or files it may load. Its own it always may. */
  loads: readonly string[]
  /** Folders of which it may use types only. */
  types?: readonly string[]
  packages: readonly string[]
  /** Whether `node:*` is allowed. */
  node: boolean
}

const base = 'src/base'
const contract = 'src/contract'
const names = 'src/contract/names.ts'
const capabilities = 'src/contract/jobs/capabilities.ts'
const sweepReports = 'src/contract/sweep.ts'
const references = 'src/contract/jobs/references.ts'
const client = 'src/client'
const pipelineWords = 'src/contract/pipelines/status.ts'
const pipelineViews = 'src/contract/pipelines/view.ts'
const scheduleViews = 'src/contract/schedules'
const plan = 'src/pipeline/plan'
const schedulePlan = 'src/schedule/plan'
const evaluate = 'src/pipeline/evaluate'
const nodes = 'src/pipeline/nodes'
const protocol = 'src/protocol'
const ports = 'src/server/ports'

/** From the ground up: a room loads only rooms that stand before it. */
export const zones: readonly Zone[] = [
  { folder: base, loads: [], packages: [], node: true },
  { folder: contract, loads: [base], packages: ['zod'], node: false },
  { folder: 'src/config-values.ts', loads: [base], packages: [], node: false },
  {
    folder: 'src/config.ts',
    loads: [base, names, sweepReports, 'src/config-values.ts'],
    packages: ['zod'],
    node: true,
  },
  {
    folder: 'src/config-schema',
    loads: [base],
    types: [contract],
    packages: ['ajv', 'ajv-formats', 're2js'],
    node: false,
  },
  { folder: client, loads: [base, contract], packages: ['ky', '#http'], node: false },
  // Webhooks on their way out: signed, and to no address that is not meant.
  { folder: 'src/webhooks', loads: [base, 'src/client/retry-after.ts'], packages: [], node: true },
  // Node.js for SHA-256 alone.
  { folder: 'src/job-type-schemas', loads: [base], types: [contract], packages: [], node: true },
  { folder: 'src/conformance', loads: [base, contract, client], packages: [], node: false },
  { folder: 'src/expressions', loads: [base], packages: ['@marcbachmann/cel-js', 're2js'], node: false },

  // Loads nothing at all: the same code runs in workflows, in activities and in checkers.
  { folder: protocol, loads: [], packages: [], node: false },
  { folder: plan, loads: [base, pipelineWords], types: [protocol, pipelineViews], packages: [], node: false },
  // What a schedule is and decides: runs in workflows.
  {
    folder: schedulePlan,
    loads: [base],
    types: [plan, scheduleViews],
    packages: [],
    node: false,
  },
  // When a schedule is due: by the runtime's time zone data, and so not in workflows.
  { folder: 'src/schedule/times', loads: [base], types: [schedulePlan], packages: [], node: false },
  // What would become of its times.
  {
    folder: 'src/schedule/simulation',
    loads: [base, names, schedulePlan, 'src/schedule/times'],
    types: [contract],
    packages: [],
    node: false,
  },
  // Ids of runs: Node.js for SHA-256 alone.
  { folder: 'src/schedule/ids.ts', loads: [schedulePlan], packages: [], node: true },
  { folder: evaluate, loads: [base, references, 'src/expressions', plan], packages: [], node: false },
  { folder: nodes, loads: [], types: [base], packages: [], node: false },
  {
    folder: 'src/pipeline/yaml',
    loads: [base, nodes, 'src/pipeline/plan/graph-limits.ts', 'src/expressions', 'src/schedule/times'],
    packages: ['yaml'],
    node: false,
  },
  {
    folder: 'src/pipeline/compile',
    loads: [
      base,
      contract,
      'src/config-schema',
      'src/webhooks/targets.ts',
      'src/job-type-schemas',
      'src/expressions',
      plan,
      schedulePlan,
      'src/schedule/times',
      nodes,
    ],
    packages: ['zod'],
    node: false,
  },
  // Pipelines in code: values of a program → nodes.
  {
    folder: 'src/pipeline/build',
    loads: [base, 'src/expressions', plan, nodes, 'src/pipeline/yaml', 'src/pipeline/compile'],
    types: [schedulePlan],
    packages: ['zod'],
    node: true,
  },
  { folder: 'src/pipeline/draw', loads: [], types: [plan], packages: [], node: false },
  // What other rooms see of it all.
  {
    folder: 'src/pipeline',
    loads: [
      base,
      'src/config-schema',
      plan,
      nodes,
      'src/pipeline/yaml',
      'src/pipeline/compile',
      'src/pipeline/build',
      'src/pipeline/draw',
    ],
    types: [schedulePlan],
    packages: [],
    node: false,
  },

  // What every client of Temporal asks about workflows, and starts pipeline runs with.
  {
    folder: 'src/executions',
    loads: [names],
    types: [plan],
    packages: ['@temporalio/client'],
    node: false,
  },
  // Who has a place under a limit, and who is next: runs in workflows.
  { folder: 'src/limit', loads: [], types: [pipelineWords], packages: [], node: false },
  { folder: 'src/polling', loads: [base, contract, client], packages: [], node: false },
  {
    folder: 'src/activities',
    loads: [
      base,
      contract,
      client,
      'src/config-schema',
      'src/webhooks',
      plan,
      schedulePlan,
      'src/schedule/times',
      'src/schedule/ids.ts',
      'src/executions',
      'src/polling',
      protocol,
    ],
    types: ['src/limit'],
    packages: ['@temporalio/activity', '@temporalio/client'],
    node: true,
  },
  {
    folder: 'src/remote-run',
    loads: [base, protocol],
    types: [plan, 'src/activities'],
    packages: ['@temporalio/workflow'],
    node: false,
  },
  {
    folder: 'src/workflows',
    loads: [
      base,
      names,
      references,
      plan,
      evaluate,
      'src/limit',
      'src/expressions',
      'src/remote-run',
      schedulePlan,
    ],
    types: ['src/activities', sweepReports, scheduleViews],
    packages: ['@temporalio/workflow'],
    node: false,
  },
  // In users' workflows: as small as it can be.
  {
    folder: 'src/run-job',
    loads: [base, names, references, plan, 'src/pipeline/build/job-type-types.ts', 'src/remote-run'],
    types: ['src/activities', 'src/pipeline/build'],
    packages: ['@temporalio/workflow'],
    node: false,
  },
  {
    folder: 'src/temporal',
    loads: [base, names],
    types: [sweepReports],
    packages: ['@temporalio/client', '@temporalio/common', 'protobufjs'],
    node: true,
  },
  {
    folder: 'src/pipelines',
    loads: [
      base,
      names,
      capabilities,
      'src/webhooks/signing.ts',
      'src/job-type-schemas',
      'src/pipeline',
      'src/executions',
      'src/temporal',
    ],
    types: [contract, plan, 'src/activities', 'src/limit', 'src/workflows'],
    packages: ['@temporalio/client'],
    node: true,
  },
  {
    folder: 'src/schedules',
    loads: [
      base,
      contract,
      'src/pipeline',
      'src/schedule/plan',
      'src/schedule/times',
      'src/schedule/simulation',
      'src/schedule/ids.ts',
      'src/executions',
      'src/temporal',
      'src/pipelines',
    ],
    types: ['src/workflows'],
    packages: ['@temporalio/client'],
    node: true,
  },

  {
    folder: 'src/job-types',
    loads: [base, contract, 'src/webhooks/targets.ts'],
    types: [client],
    packages: ['zod'],
    node: true,
  },
  { folder: 'src/references', loads: [contract, 'src/job-types'], types: [base], packages: [], node: false },
  {
    folder: 'src/built-in',
    loads: [base, contract, client, 'src/job-types'],
    packages: ['zod', 'csv-parse', 'jsonc-parser'],
    node: true,
  },
  {
    folder: 'src/executor',
    loads: [base, contract, client, 'src/job-types', 'src/references'],
    packages: ['@temporalio/activity', 'zod'],
    node: true,
  },

  { folder: ports, loads: [], types: [base, contract, schedulePlan], packages: [], node: false },
  {
    folder: 'src/server/services',
    loads: [base, contract, 'src/config-schema', 'src/pipeline/index.ts'],
    types: [schedulePlan, ports],
    packages: [],
    node: true,
  },
  {
    folder: 'src/server/routes',
    loads: [base, contract, 'src/server/services'],
    types: [ports],
    packages: ['hono', 'zod'],
    node: true,
  },
  {
    folder: 'src/server/store',
    loads: [base, contract],
    types: [ports],
    packages: ['kysely', 'pg', '@electric-sql/pglite'],
    node: true,
  },
  {
    folder: 'src/server/dispatch',
    loads: [base, contract],
    types: [ports],
    packages: ['@temporalio/client'],
    node: false,
  },
  {
    folder: 'src/server/pipeline-runs',
    loads: ['src/pipelines'],
    types: [base, ports, plan],
    packages: ['@temporalio/client'],
    node: false,
  },
  {
    folder: 'src/server/schedules',
    loads: ['src/schedules'],
    types: [ports, plan],
    packages: ['@temporalio/client'],
    node: false,
  },
  // What puts the parts of the server together.
  {
    folder: 'src/server',
    loads: [base, contract, 'src/server/routes', 'src/server/services'],
    types: [ports],
    packages: ['hono', '@hono/node-server'],
    node: true,
  },

  {
    folder: 'src/dev-stack/temporal-cli',
    loads: [base, names, 'src/temporal'],
    packages: ['@temporalio/client', '@temporalio/common'],
    node: true,
  },
  {
    folder: 'src/dev-stack',
    loads: [base, contract, 'src/temporal', 'src/dev-stack/temporal-cli'],
    packages: [],
    node: true,
  },
  // What a worker process is made of; `worker.ts` puts it together.
  {
    folder: 'src/worker',
    loads: [
      base,
      contract,
      client,
      'src/webhooks',
      'src/activities',
      'src/job-types',
      'src/references',
      'src/executor',
    ],
    types: ['src/config.ts', 'src/temporal'],
    packages: ['@temporalio/activity', '@temporalio/client', '@temporalio/worker', 'pino'],
    node: true,
  },
  {
    folder: 'src/testing',
    loads: [base, contract],
    types: [client, plan, 'src/pipelines'],
    packages: [],
    node: true,
  },
  // Finds Temporal and the Jobs API, and makes clients of them, for the command line and users' programs alike.
  {
    folder: 'src/connect',
    loads: [base, client, 'src/dev-stack', 'src/pipelines', 'src/schedules', 'src/temporal'],
    types: [contract, 'src/config.ts'],
    packages: [],
    node: true,
  },
  // Puts together what a pipeline run, a server and a worker decide: of these two, file by file.
  {
    folder: 'src/testing/in-memory',
    loads: [
      base,
      contract,
      client,
      'src/expressions/evaluate.ts',
      plan,
      evaluate,
      'src/pipeline/index.ts',
      'src/activities/job-run-record.ts',
      'src/job-types',
      'src/executor/handle.ts',
      'src/executor/outcome.ts',
      'src/server/services/config-validation.ts',
      'src/server/services/merge-patch.ts',
      'src/server/services/problems.ts',
    ],
    types: ['src/pipeline/build', 'src/executor/handlers.ts'],
    packages: ['zod'],
    node: true,
  },
  {
    folder: 'src/cli',
    loads: [
      base,
      contract,
      client,
      'src/connect',
      'src/conformance',
      'src/job-type-schemas',
      'src/pipeline',
      'src/schedule/times',
      'src/schedule/simulation',
      'src/temporal',
      'src/dev-stack',
    ],
    types: ['src/config.ts', 'src/pipelines', 'src/schedules', schedulePlan],
    packages: ['commander', 'log-update', 'string-width'],
    node: true,
  },
]

/** Files that put everything together; they may load anything, and nothing loads them. */
export const roots = [
  'src/worker.ts',
  'src/handler-host.ts',
  'src/notification-host.ts',
  'src/server.ts',
  'src/cli.ts',
  'src/public/index.ts',
  'src/public/client.ts',
  'src/public/job-types.ts',
  'src/public/testing.ts',
  'src/public/worker.ts',
  'src/public/workflow.ts',
]

export interface SourceFile {
  path: string
  text: string
}

/** Every breach in a file, as `file:line  rule`. */
export function breaches(file: SourceFile): string[] {
  if (file.path.endsWith('.d.ts')) return []
  return [...importBreaches(file), ...textBreaches(file)]
}

export const maxLines = 400

/** Ways to guess from its text what an error is: a renamed class or a new code changes the answer, and nobody notices. */
export const guesses: readonly RegExp[] = [
  /\b(error|err|cause|reason|failure|thrown)\??\.name\s*[!=]==?/i,
  /\bswitch\s*\(\s*(error|err|cause|reason|failure|thrown)\??\.name\s*\)/i,
  /\bcode\??\.(includes|startsWith|endsWith|match|toLowerCase|toUpperCase)\(/i,
]

function textBreaches({ path: file, text }: SourceFile): string[] {
  const found: string[] = []
  const add = (pattern: RegExp, rule: string) => {
    for (const line of findInCode(text, pattern)) found.push(`${file}:${line}  ${rule}`)
  }
  if (file !== 'src/config.ts') add(/\bprocess\s*(\.\s*env\b|\[)/, 'only src/config.ts reads process.env')
  add(/^\s*export\s+default\b/, 'no default exports')
  add(/^\s*(export\s+)?(declare\s+)?(const\s+)?enum\s/, 'no enums')
  for (const pattern of guesses) add(pattern, 'an error is known by its class, its fault or its exact code')
  const lines = text.trimEnd().split('\n').length
  if (lines > maxLines) found.push(`${file}:${lines}  a file has at most ${maxLines} lines`)
  return found
}

function importBreaches(file: SourceFile): string[] {
  const zone = zoneOf(file.path)
  return findImports(file.text).flatMap(({ line, specifier, typeOnly }) => {
    const rule = ruleBroken(file.path, zone, specifier, typeOnly)
    return rule === undefined ? [] : [`${file.path}:${line}  imports ${specifier}: ${rule}`]
  })
}

function ruleBroken(
  file: string,
  zone: Zone | undefined,
  specifier: string,
  typeOnly: boolean,
): string | undefined {
  const isRoot = roots.includes(file)
  if (!specifier.startsWith('.')) return packageRuleBroken(zone, specifier, isRoot)
  const target = resolve(file, specifier)
  if (roots.includes(target)) return `nothing imports ${target}`
  if (isRoot) return undefined
  if (target === 'src/config.ts' && !typeOnly)
    return 'only the roots import config.ts; folders receive values'
  if (zone === undefined) return `${file} is in no folder that has a rule`
  // A folder with a rule of its own inside another one is not that other one's.
  if (zoneOf(target) === zone) return undefined
  if (fitsAny(target, zone.loads)) return undefined
  if (fitsAny(target, zone.types ?? []))
    return typeOnly ? undefined : `${zone.folder} uses only types of ${target} (\`import type\`)`
  const may = [...zone.loads, ...(zone.types ?? []).map((one) => `types of ${one}`)]
  return `${zone.folder} may import ${may.length === 0 ? 'nothing of ours' : may.join(', ')}`
}

function packageRuleBroken(zone: Zone | undefined, specifier: string, isRoot: boolean): string | undefined {
  if (isRoot || zone === undefined) return undefined
  if (specifier.startsWith('node:')) return zone.node ? undefined : `${zone.folder} does without node:*`
  const name = packageName(specifier)
  if (zone.packages.includes(name)) return undefined
  return `${zone.folder} may use ${zone.packages.length === 0 ? 'no package' : zone.packages.join(', ')}`
}

function packageName(specifier: string): string {
  const parts = specifier.split('/')
  return specifier.startsWith('@') ? parts.slice(0, 2).join('/') : (parts[0] ?? specifier)
}

export function zoneOf(file: string): Zone | undefined {
  return zones
    .filter(({ folder }) => fits(file, folder))
    .toSorted((a, b) => b.folder.length - a.folder.length)[0]
}

const fits = (file: string, folder: string): boolean => file === folder || file.startsWith(`${folder}/`)
const fitsAny = (file: string, folders: readonly string[]): boolean =>
  folders.some((folder) => fits(file, folder))

export function resolve(file: string, specifier: string): string {
  return path.posix.join(path.posix.dirname(file), specifier)
}

/** What a rule allows and no file makes use of: `folder: what`. */
export function unusedPermissions(files: readonly SourceFile[]): string[] {
  return zones.flatMap((zone) => {
    const own = files.filter(({ path: file }) => !roots.includes(file) && zoneOf(file) === zone)
    const imports = own.flatMap(({ path: file, text }) =>
      findImports(text).map(({ specifier, typeOnly }) => ({
        target: specifier.startsWith('.') ? resolve(file, specifier) : specifier,
        typeOnly,
      })),
    )
    const loaded = (folder: string) =>
      imports.some(({ target, typeOnly }) => !typeOnly && fits(target, folder))
    const named = (folder: string) => imports.some(({ target }) => fits(target, folder))
    const unused = [
      ...zone.loads.filter((folder) => !loaded(folder)),
      ...(zone.types ?? []).filter((folder) => !named(folder)).map((folder) => `types of ${folder}`),
      ...zone.packages.filter((name) => !named(name)),
      ...(zone.node && !imports.some(({ target }) => target.startsWith('node:')) ? ['node:*'] : []),
    ]
    return unused.map((what) => `${zone.folder}: ${what}`)
  })
}

/** What the workflow isolate has: nothing of Node, no schema library. */
const isolatePackages = ['@temporalio/workflow', '@temporalio/common', '@marcbachmann/cel-js', 're2js']

/**
 * Everything that workflows load, however far away, as chains of files. `read` gives a file's text, or undefined.
 */
export function isolateBreaches(
  entries: readonly string[],
  read: (file: string) => string | undefined,
): string[] {
  const seen = new Set<string>()
  const found: string[] = []
  const visit = (file: string, chain: readonly string[]): void => {
    if (seen.has(file)) return
    seen.add(file)
    const text = read(file)
    if (text === undefined) return
    for (const { line, specifier, typeOnly } of findImports(text)) {
      if (typeOnly) continue
      if (specifier.startsWith('.')) visit(resolve(file, specifier), [...chain, file])
      else if (!isolatePackages.includes(packageName(specifier)))
        found.push(
          `${file}:${line}  loads ${specifier} into the workflow isolate (${[...chain, file].join(' → ')})`,
        )
    }
  }
  for (const entry of entries) visit(entry, [])
  return found
}

/** Permissions that point upwards, or at what is no room: `folder: target`. Without one, no two rooms can need each other. */
export function upwardPermissions(ordered: readonly Pick<Zone, 'folder' | 'loads' | 'types'>[]): string[] {
  return ordered.flatMap(({ folder, loads, types = [] }, index) => {
    const below = ordered.slice(0, index).map((zone) => zone.folder)
    return [...loads, ...types]
      .filter((target) => !fitsAny(target, below))
      .map((target) => `${folder}: ${target}`)
  })
}

/** Files that need each other, types included, each circle once as `a → b → a`. */
export function circles(files: readonly SourceFile[]): string[] {
  const targets = new Map(
    files.map(({ path: file, text }) => [
      file,
      findImports(text).flatMap(({ specifier }) =>
        specifier.startsWith('.') ? [resolve(file, specifier)] : [],
      ),
    ]),
  )
  const done = new Set<string>()
  const found: string[] = []
  const visit = (file: string, chain: readonly string[]): void => {
    const at = chain.indexOf(file)
    if (at >= 0) {
      found.push([...chain.slice(at), file].join(' → '))
      return
    }
    if (done.has(file)) return
    for (const target of targets.get(file) ?? []) visit(target, [...chain, file])
    done.add(file)
  }
  for (const file of targets.keys()) visit(file, [])
  return found
}
