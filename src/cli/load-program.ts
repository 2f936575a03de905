import { whileReadingProgram } from '../base/reading-program.ts'
import { usageError } from './errors.ts'

const ending = ['SIGINT', 'SIGTERM'] as const

/** What of the process matters while somebody else's code runs in it. */
export type LoadingProcess = Pick<NodeJS.Process, 'listeners' | 'on' | 'off' | 'stdout' | 'stderr'>

/**
 * Loads code of the user's. Meanwhile signals end the process as if nobody listened, since a program that does not let
 * go of it would keep the listeners from running; and what is printed goes to stderr, since stdout is for data.
 * @throws JobwrightError `program_never_loads` when nothing is left to wait for
 */
export async function loadProgram<T>(load: () => Promise<T>, host: LoadingProcess): Promise<T> {
  const { write } = host.stdout
  const heard = ending.flatMap((signal) =>
    host.listeners(signal).map((listener) => ({ signal, listener: listener as () => void })),
  )
  const idle = Promise.withResolvers<never>()
  const onIdle = () =>
    idle.reject(
      usageError(
        'program_never_loads',
        'a top-level await in it, or in what it imports, never ends',
        'await only what comes to an end',
      ),
    )
  host.stdout.write = host.stderr.write.bind(host.stderr)
  for (const { signal, listener } of heard) host.off(signal, listener)
  host.on('beforeExit', onIdle)
  try {
    return await Promise.race([whileReadingProgram(load), idle.promise])
  } finally {
    host.off('beforeExit', onIdle)
    for (const { signal, listener } of heard) host.on(signal, listener)
    host.stdout.write = write
  }
}
