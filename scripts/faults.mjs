import { runWithPackages } from './bootstrap.mjs'

await runWithPackages(['test/faults/run.ts', ...process.argv.slice(2)])
