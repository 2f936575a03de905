import { runWithPackages } from './bootstrap.mjs'

await runWithPackages(['scripts/mutants.ts', ...process.argv.slice(2)])
