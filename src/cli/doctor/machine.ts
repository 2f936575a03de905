import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import path from 'node:path'
import { readStack } from '../../dev-stack/index.ts'
import type { Check } from './check.ts'

/** The oldest Node.js that runs what is published. */
const minimum = { major: 22, minor: 12 }

export function checkNode(version: string): Check {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number)
  const enough = major > minimum.major || (major === minimum.major && minor >= minimum.minor)
  if (enough) return { name: 'node', status: 'ok', detail: version }
  const needed = `${minimum.major}.${minimum.minor}`
  return {
    name: 'node',
    status: 'problem',
    detail: `${version}; ${needed} is needed`,
    fix: `install Node.js ${needed} or newer`,
  }
}

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

async function nearestExisting(folder: string): Promise<string> {
  const there = await access(folder).then(
    () => true,
    () => false,
  )
  const parent = path.dirname(folder)
  return there || parent === folder ? folder : nearestExisting(parent)
}
