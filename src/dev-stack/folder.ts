import { mkdir, stat } from 'node:fs/promises'
import path from 'node:path'
import { codeOf, messageOf } from '../base/causes.ts'
import { acquireProcessLock, ProcessLockedError } from '../base/process-lock.ts'
import { StackError } from './errors.ts'

/** Makes it; false when it was there. @throws StackError `data_dir_unusable` */
export async function makeFolder(folder: string): Promise<boolean> {
  try {
    return await makeFolders(folder)
  } catch (error) {
    throw new StackError('data_dir_unusable', `cannot make ${folder}: ${messageOf(error)}`, {
      fix: 'set JOBWRIGHT_DATA_DIR to another folder',
      cause: error,
    })
  }
}

/** As mkdir with `recursive`, which never comes back where a parent appears to be there and takes no folder (/proc). */
async function makeFolders(folder: string, parentIsThere = false): Promise<boolean> {
  try {
    await mkdir(folder, { mode: 0o700 })
    return true
  } catch (error) {
    const code = codeOf(error)
    if (code === 'EEXIST' && (await stat(folder)).isDirectory()) return false
    if (code !== 'ENOENT' || parentIsThere) throw error
    await makeFolders(path.dirname(folder))
    return makeFolders(folder, true)
  }
}

/** One stack for one folder. @throws StackError `data_dir_in_use` */
export async function lockFolder(dataDir: string) {
  try {
    return await acquireProcessLock(path.join(dataDir, 'stack.lock'))
  } catch (error) {
    if (!(error instanceof ProcessLockedError)) throw error
    const message = `a stack already runs on ${dataDir} (process ${error.pid})`
    const fix = 'use that one, stop it, or set JOBWRIGHT_DATA_DIR'
    throw new StackError('data_dir_in_use', message, { fix, cause: error })
  }
}
