import { defineConfig } from 'jobwright/job-types'
import { wordCount } from './job-types/word-count.ts'

/** What server and worker of this folder have. */
export default defineConfig({ jobTypes: [wordCount] })
