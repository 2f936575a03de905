/**
 * Loaded before a root (`--import`). A root that the stack started ends when its parent is gone; this ends it also
 * when that happens before the root listens for it, or when the root does not get done.
 */
const patienceMs = 12_000

process.once('disconnect', () => {
  setTimeout(() => process.exit(1), patienceMs).unref()
})
