import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import path from 'node:path'
import { readStack } from '../../dev-stack/index.ts'
import type { Check } from './check.ts'

/** Whether the data directory can be used, and whether a stack runs on it. */
export async function checkDataDir(dataDir: string): Promise<Check> {
  const stack = await readStack(dataDir)
  if (stack)
    return {
      name: 'data_dir',
      status: 'ok',
      detail: `${dataDir}: a stack runs here (process ${stack.pids.owner})`,
    }
  const existing = await nearestExisting(dataDir)
  const writable = await access(existing, constants.R_OK | constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  )
  if (!writable)
    return {
      name: 'data_dir',
      status: 'warning',
      detail: `${dataDir} cannot be ${existing === dataDir ? 'written to' : 'made'}`,
      fix: 'set JOBWRIGHT_DATA_DIR to a directory that you may write to',
    }
  return { name: 'data_dir', status: 'info', detail: `${dataDir}: no stack runs here` }
}

/** What may be deleted, and is fetched again. */
export function checkCache(cacheDir: string): Check {
  const folder = path.join(cacheDir, 'jobwright')
  return { name: 'cache', status: 'info', detail: `${folder}: where a Temporal CLI is kept that was fetched` }
}

/** Which variables send requests through a proxy; nothing when there are none. */
export function checkProxies(variables: readonly string[]): Check[] {
  if (variables.length === 0) return []
  const verb = variables.length === 1 ? 'is' : 'are'
  const detail = `${variables.join(', ')} ${verb} set; this machine itself is never asked through a proxy`
  return [{ name: 'proxy', status: 'info', detail }]
}

async function nearestExisting(folder: string): Promise<string> {
  const there = await access(folder).then(
    () => true,
    () => false,
  )
  const parent = path.dirname(folder)
  return there || parent === folder ? folder : nearestExisting(parent)
}
