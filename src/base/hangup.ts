/**
 * A terminal that is closed asks for an end, as SIGTERM does. A process without one is not meant: `nohup` says so, and
 * Node.js forgets it. Returns how to end: where the terminal is gone, by the same signal, as Node.js would abort when it
 * cannot put the terminal's settings back.
 */
export function endWithTerminal(): (exitCode: number) => never {
  const hasTerminal = [process.stdin, process.stdout, process.stderr].some(({ isTTY }) => isTTY)
  let isGone = false
  const hearHangup = () => {
    if (!hasTerminal || isGone) return
    isGone = true
    process.kill(process.pid, 'SIGTERM')
  }
  process.on('SIGHUP', hearHangup)
  return (exitCode) => {
    if (isGone) {
      process.off('SIGHUP', hearHangup)
      process.kill(process.pid, 'SIGHUP')
    }
    return process.exit(exitCode)
  }
}
