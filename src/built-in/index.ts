import type { AnyJobType } from '../job-types/index.ts'
import { generateIssue, metagraphUpdate } from './analysis/index.ts'
import { sleep } from './sleep.ts'

/** What every server offers and every worker can run. */
export const builtInJobTypes: readonly AnyJobType[] = [sleep, metagraphUpdate, generateIssue]
