import { createHash } from 'node:crypto'
import { globSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { bundleWorkflows } from '../../scripts/workflow-bundle.ts'
import { workflowSources } from '../../src/worker/workflow-sources.ts'
import { madeOnce } from './made-once.ts'

const repository = path.resolve(import.meta.dirname, '..', '..')

/**
 * The workflow code of the sources as they are, bundled once for all workers of all tests: a worker that bundles for itself takes
 * seconds for it at each start.
 */
export function workflowBundle(): Promise<string> {
  return bundleOf(workflowSources())
}

/** The same of other workflows, which may use ours. */
export async function bundleOf(sources: {
  workflowsPath: string
  preloadModules?: string[]
}): Promise<string> {
  const hash = createHash('sha256')
  for (const file of globSync('src/**/*.ts', { cwd: repository }).sort())
    hash.update(file).update(readFileSync(path.join(repository, file)))
  for (const file of [
    path.join(repository, 'package-lock.json'),
    path.join(repository, 'scripts', 'workflow-bundle.ts'),
    sources.workflowsPath,
  ])
    hash.update(readFileSync(file))
  return madeOnce(`jobwright-workflows-${hash.digest('hex').slice(0, 16)}.js`, async (at) =>
    writeFile(at, await bundleWorkflows(sources, 'ERROR')),
  )
}
