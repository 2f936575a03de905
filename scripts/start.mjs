import { runWithPackages } from './bootstrap.mjs'

await runWithPackages(['scripts/start.ts', ...process.argv.slice(2)])
