import { runWithPackages } from './bootstrap.mjs'

await runWithPackages(['scripts/build.ts', ...process.argv.slice(2)])
