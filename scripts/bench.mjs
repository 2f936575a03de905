import { runWithPackages } from './bootstrap.mjs'

await runWithPackages(['bench/run.ts', ...process.argv.slice(2)])
