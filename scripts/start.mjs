import { runWithPackages } from './bootstrap.mjs'

// Killed, it must not leave a stack behind: the channel tells the child, which then ends too.
const guard = ['--import', './src/dev-stack/parent-guard.ts?patience_ms=0']
await runWithPackages([...guard, 'scripts/start.ts', ...process.argv.slice(2)], {
  stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
})
