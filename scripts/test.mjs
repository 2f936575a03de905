import { runWithPackages } from './bootstrap.mjs'

await runWithPackages(['node_modules/vitest/vitest.mjs', 'run', ...process.argv.slice(2)])
