import path from 'node:path'
import { defineConfig } from 'vitest/config'
import { LongestFirst } from './test/helpers/longest-first.ts'
import { pureFiles } from './test/helpers/pure-files.ts'

// The tests start hundreds of processes: each finds the code of the ones before it compiled. A test's own process, too.
process.env['NODE_COMPILE_CACHE'] ??= path.join(import.meta.dirname, 'node_modules', '.cache', 'compiled')

export default defineConfig({
  test: {
    // Many tests wait for real servers most of their time; far more workers than cores would make them wait for each other.
    maxWorkers: 4,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        extends: true,
        test: {
          name: 'apart',
          include: ['test/**/*.test.ts'],
          exclude: pureFiles,
          globalSetup: 'test/helpers/shared-postgres.ts',
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
      { extends: true, test: { name: 'pure', include: pureFiles, isolate: false, testTimeout: 60_000 } },
    ],
  },
})
