import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

/** Real processes of a test, each killed at the latest when the test process ends. */
const alive = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of alive) child.kill('SIGKILL')
})

export interface TestProcess {
  readonly child: ChildProcess
  /** Everything it wrote to stderr so far. */
  stderr(): string
  /** Resolves with the first line of stdout that is JSON with this `event`; rejects when the process ends before. */
  event(name: string): Promise<Record<string, unknown>>
  /** SIGKILL, and waits until the process is gone. */
  kill(): Promise<void>
  /** SIGTERM, and waits; SIGKILL when that takes longer than 15 s. */
  stop(): Promise<number | null>
}

export function startProcess(
  command: string,
  args: readonly string[],
  env: Record<string, string>,
): TestProcess {
  // Our roots end when the channel to their parent closes, so not even a killed test leaves one behind.
  const channel = command === process.execPath ? (['ipc'] as const) : []
  const child = spawn(command, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe', ...channel],
  })
  alive.add(child)
  const exited = once(child, 'exit')
  child.once('exit', () => alive.delete(child))
  let stderr = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk.toString()
  })
  const events: Record<string, unknown>[] = []
  const listeners = new Set<() => void>()
  createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
    if (!line.startsWith('{')) return
    events.push(JSON.parse(line) as Record<string, unknown>)
    for (const listener of listeners) listener()
  })
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill(signal)
      await exited
    }
  }
  return {
    child,
    stderr: () => stderr,
    event: (name) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const found = events.find((event) => event['event'] === name)
          if (found) resolve(found)
        }
        listeners.add(look)
        child.once('exit', (code) =>
          reject(new Error(`${args.at(-1)} ended with ${code} before it said ${name}:\n${stderr}`)),
        )
        look()
      }),
    kill: () => end('SIGKILL'),
    async stop() {
      const timer = setTimeout(() => child.kill('SIGKILL'), 15_000)
      await end('SIGTERM')
      clearTimeout(timer)
      return child.exitCode
    },
  }
}

/** Several as one; the first gives its id and what it says. */
export function together([first, ...others]: TestProcess[]): TestProcess {
  if (!first) throw new Error('no process')
  if (others.length === 0) return first
  const all = [first, ...others]
  return {
    child: first.child,
    stderr: () => all.map((each) => each.stderr()).join('\n'),
    event: async (name) => (await Promise.all(all.map((each) => each.event(name))))[0] ?? {},
    kill: async () => void (await Promise.all(all.map((each) => each.kill()))),
    stop: async () => (await Promise.all(all.map((each) => each.stop())))[0] ?? null,
  }
}
