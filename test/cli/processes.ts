/** Whether a process of this id is there; one that only waits to be reaped is not. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
