/**
 * Loaded before a program (`--import`) that must not outlive its parent. A root that the stack started ends when its
 * parent is gone; this ends it also when that happens before the root listens for it, or when the root does not get
 * done. How long that may take is in the address of this module, `?patience_ms=…`.
 */
const patienceMs = Number(new URL(import.meta.url).searchParams.get('patience_ms'))

process.once('disconnect', () => {
  setTimeout(() => process.exit(1), patienceMs).unref()
})

const parent = process.ppid
// Native code of libraries may not get done with its clean-up at the exit, which then never comes. Nobody is there to hear an exit code.
process.once('exit', () => {
  if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL')
})
