import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import type { StackInfo } from '../../src/dev-stack/index.ts'

/** The real command line tool, run as a person would run it. */
export interface Cli {
  /** Shares this terminal; the exit code. */
  run(args: readonly string[]): Promise<number>
  /** What it prints on standard output, as JSON. */
  json(args: readonly string[]): Promise<unknown>
  /** Passes Ctrl-C on to what runs now. */
  interrupt(): void
}

export function createCli(options: {
  repository: string
  environment: Readonly<Record<string, string | undefined>>
  info: StackInfo
  ownTemporal: boolean
}): Cli {
  const { repository, environment, info, ownTemporal } = options
  const env = {
    ...environment,
    JOBWRIGHT_DATA_DIR: info.dataDir,
    ...(ownTemporal ? { TEMPORAL_ADDRESS: info.temporalAddress, TEMPORAL_NAMESPACE: info.namespace } : {}),
  }
  const program = path.join(repository, 'bin', 'jobwright.js')
  const running = new Set<ChildProcess>()

  const start = (args: readonly string[], stdout: 'inherit' | 'pipe'): ChildProcess => {
    const child = spawn(process.execPath, [program, ...args], {
      cwd: repository,
      env,
      stdio: ['inherit', stdout, 'inherit'],
    })
    running.add(child)
    child.once('exit', () => running.delete(child))
    return child
  }
  const finish = async (child: ChildProcess): Promise<number> => {
    const [code] = (await once(child, 'close')) as [number | null]
    return code ?? 130
  }
  return {
    run: (args) => finish(start(args, 'inherit')),
    async json(args) {
      const child = start(args, 'pipe')
      let text = ''
      child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
      })
      const code = await finish(child)
      if (code !== 0) throw new Error(`jobwright ${args.join(' ')} exited with ${code}`)
      return JSON.parse(text)
    },
    interrupt() {
      for (const child of running) child.kill('SIGINT')
    },
  }
}
