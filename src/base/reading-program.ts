import { JobwrightError } from './errors.ts'

/** Of the process, since the program may bring a copy of the package of its own. */
const mark = Symbol.for('jobwright.readsProgram')
const shared = globalThis as { [mark]?: boolean }

/** Loads a program for what it exports; until that is done, it must not start anything. */
export async function whileReadingProgram<T>(load: () => Promise<T>): Promise<T> {
  shared[mark] = true
  try {
    return await load()
  } finally {
    delete shared[mark]
  }
}

export const readOnlyProgram = {
  code: 'program_is_only_read',
  message:
    'this program is only read for the pipeline that it exports, and would start runs whenever that is done',
  fix: 'put what connects and starts behind `if (import.meta.main)`, or into a file of its own',
} as const

/** @throws JobwrightError `program_is_only_read` while a program is loaded for what it exports */
export function requireNotRead(): void {
  if (!shared[mark]) return
  throw new JobwrightError({ ...readOnlyProgram, fault: 'usage' })
}
