import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp, glob, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { workflowSources } from '../src/worker/workflow-sources.ts'
import { bundleWorkflows } from './workflow-bundle.ts'

/**
 * `npm run build`: the package as it is published, in `dist/` (or `--out FOLDER`, which must be in the repository):
 * JavaScript, types, the workflow bundle, a manifest of its own.
 */

const repository = path.resolve(import.meta.dirname, '..')
const { values } = parseArgs({ options: { out: { type: 'string', default: 'dist' } } })
const dist = path.resolve(repository, values.out)
const copied = ['README.md', 'LICENSE', 'CHANGELOG.md', 'openapi.json', 'docs', 'templates']

interface Manifest {
  name: string
  version: string
  description: string
  license: string
  engines: Record<string, string>
  dependencies: Record<string, string>
  exports: Record<string, string>
  imports: Record<string, Record<string, string>>
}

async function main(): Promise<void> {
  await rm(dist, { recursive: true, force: true })
  compile()
  await pointTypesAtJavaScript()
  await shipSources()
  await writeBundle()
  await mkdir(path.join(dist, 'bin'), { recursive: true })
  const program = await readFile(path.join(repository, 'bin', 'jobwright.js'), 'utf8')
  // The package brings no Node.js of its own to look for, and what npm makes of a shell script on Windows needs a shell.
  const forNode = program.replace(/^.*?\n\n/s, '#!/usr/bin/env node\n')
  await writeFile(path.join(dist, 'bin', 'jobwright.js'), forNode, { mode: 0o755 })
  // The compiler leaves alone what is a declaration already.
  await cp(path.join(repository, 'src', 'ms.d.ts'), path.join(dist, 'ms.d.ts'))
  for (const name of copied) await cp(path.join(repository, name), path.join(dist, name), { recursive: true })
  const manifest = JSON.parse(await readFile(path.join(repository, 'package.json'), 'utf8')) as Manifest
  await writeFile(
    path.join(dist, 'package.json'),
    `${JSON.stringify(publishedManifest(manifest), null, 2)}\n`,
  )
  console.log(`built ${path.relative(repository, dist)}/`)
}

function compile(): void {
  const compiler = path.join(repository, 'node_modules', 'typescript', 'bin', 'tsc')
  const result = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.build.json', '--outDir', dist], {
    cwd: repository,
    stdio: 'inherit',
  })
  if (result.status !== 0) throw new Error(`tsc exited with ${result.status}`)
}

/** The compiler rewrites `./x.ts` in what runs, but not in declarations, and no `.ts` file is published. */
async function pointTypesAtJavaScript(): Promise<void> {
  for await (const file of glob(path.join(dist, '**', '*.d.ts'))) {
    const text = await readFile(file, 'utf8')
    await writeFile(file, text.replaceAll(/((?:\bfrom |\bimport\(?)\s*['"]\.[^'"\n]*)\.ts(['"])/g, '$1.js$2'))
  }
}

/** An editor's go-to-definition follows the maps into the sources, which the package has under `src/`. */
async function shipSources(): Promise<void> {
  const sources = path.join(repository, 'src')
  await cp(sources, path.join(dist, 'src'), { recursive: true })
  for await (const file of glob(path.join(dist, '**', '*.map'))) {
    const folder = path.dirname(file)
    const map = JSON.parse(await readFile(file, 'utf8')) as { sources: string[] }
    const shipped = map.sources.map((source) => {
      const own = path.relative(sources, path.resolve(folder, source))
      return path.relative(folder, path.join(dist, 'src', own)).replaceAll(path.sep, '/')
    })
    await writeFile(file, JSON.stringify({ ...map, sources: shipped }))
  }
}

/** Bundled now, so that a worker starts a second sooner and needs no compiler. The worker finds it beside itself. */
async function writeBundle(): Promise<void> {
  const code = await bundleWorkflows(workflowSources(pathToFileURL(`${dist}/`), 'js'), 'WARN')
  await writeFile(path.join(dist, 'workflow-bundle.js'), code)
}

/** What the root manifest has for work on the repository (a Node of its own, scripts, overrides) is not for users. */
function publishedManifest(root: Manifest): object {
  const exports: Record<string, string | { types: string; default?: string }> = {}
  for (const [name, source] of Object.entries(root.exports)) {
    const stem = source.replace('./src/', './').replace(/\.ts$/, '')
    if (!source.startsWith('./src/')) exports[name] = source
    else if (source.endsWith('.d.ts')) exports[name] = { types: `${stem}.ts` }
    else if (!existsSync(path.join(dist, `${stem}.js`)))
      throw new Error(`package.json exports ${name}, but ${source} was not built`)
    else exports[name] = { types: `${stem}.d.ts`, default: `${stem}.js` }
  }
  return {
    name: root.name,
    version: root.version,
    description: root.description,
    license: root.license,
    type: 'module',
    engines: root.engines,
    bin: { jobwright: 'bin/jobwright.js' },
    exports,
    imports: publishedImports(root.imports),
    dependencies: root.dependencies,
  }
}

function publishedImports(imports: Manifest['imports']): Manifest['imports'] {
  return Object.fromEntries(
    Object.entries(imports).map(([name, conditions]) => {
      const built = Object.entries(conditions).map(([condition, source]) => [
        condition,
        source.replace('./src/', './').replace(/\.ts$/, '.js'),
      ])
      return [name, Object.fromEntries(built)]
    }),
  )
}

await main()
