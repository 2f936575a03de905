import { createHash } from 'node:crypto'
import { globSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker'
import { workflowSources } from '../../src/worker/workflow-sources.ts'
import { madeOnce } from './made-once.ts'

const repository = path.resolve(import.meta.dirname, '..', '..')

/**
 * The workflow code of the sources as they are, bundled once for all workers of all tests: a worker that bundles for itself takes
 * seconds for it at each start.
 */
export async function workflowBundle(): Promise<string> {
  const hash = createHash('sha256')
  for (const file of globSync('src/**/*.ts', { cwd: repository }).sort())
    hash.update(file).update(readFileSync(path.join(repository, file)))
  hash.update(readFileSync(path.join(repository, 'package-lock.json')))
  return madeOnce(`jobwright-workflows-${hash.digest('hex').slice(0, 16)}.js`, async (at) => {
    const { code } = await bundleWorkflowCode({ logger: new DefaultLogger('ERROR'), ...workflowSources() })
    await writeFile(at, code)
  })
}
