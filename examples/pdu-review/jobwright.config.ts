import { defineConfig } from 'jobwright/job-types'
import { holdRelease } from './job-types/hold-release.ts'
import { requirementCoverage } from './job-types/requirement-coverage.ts'
import { reviewReport } from './job-types/review-report.ts'
import { writeTicket } from './job-types/write-ticket.ts'

/** Loaded by server and worker: what this pipeline needs beside the built-in job types. */
export default defineConfig({ jobTypes: [requirementCoverage, writeTicket, holdRelease, reviewReport] })
