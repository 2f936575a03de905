import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

/** A process of a bench that is asked things over its channel, one question after another or several at once. */
export interface Child<Questions extends object> {
  readonly pid: number
  ask<Name extends keyof Questions & string>(
    name: Name,
    argument?: unknown,
  ): Promise<AnswerOf<Questions, Name>>
  stop(): Promise<void>
}

type AnswerOf<Questions, Name extends keyof Questions> = Questions[Name] extends (
  ...args: never[]
) => infer Answer
  ? Awaited<Answer>
  : never

interface Message {
  serial: number
  answer?: unknown
  error?: string
}

/** It outlives this process by as long as it takes to put away what it started: nobody kills it. */
export async function startChild<Questions extends object>(
  file: string,
  args: readonly string[],
): Promise<Child<Questions>> {
  const child = spawn(process.execPath, [file, ...args], { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
  const exited = once(child, 'exit')
  let stderr = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-4_000)
  })
  const open = new Map<number, PromiseWithResolvers<unknown>>()
  let serial = 0
  child.on('message', (message: Message) => {
    const question = open.get(message.serial)
    open.delete(message.serial)
    if (message.error === undefined) question?.resolve(message.answer)
    else question?.reject(new Error(message.error))
  })
  const ended = (code: number | null) => new Error(`${file} ended with ${String(code)}:\n${stderr}`)
  child.once('exit', (code) => {
    for (const question of open.values()) question.reject(ended(code))
  })
  await new Promise<void>((resolve, reject) => {
    child.once('exit', (code) => reject(ended(code)))
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      if (line === readyLine) resolve()
    })
  })
  return {
    pid: child.pid ?? 0,
    ask(name, argument) {
      const question = Promise.withResolvers<unknown>()
      serial += 1
      open.set(serial, question)
      child.send({ serial, name, argument })
      return question.promise as Promise<AnswerOf<Questions, typeof name>>
    },
    async stop() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM')
      await exited
    },
  }
}

/** The other side: answers until its parent is gone or tells it to end; then it puts away and ends. */
export function answerQuestions(
  answers: Readonly<Record<string, (argument: never) => unknown>>,
  putAway: () => Promise<unknown>,
): void {
  process.on(
    'message',
    async ({ serial, name, argument }: { serial: number; name: string; argument: never }) => {
      try {
        process.send?.({ serial, answer: await answers[name]?.(argument) })
      } catch (error) {
        process.send?.({ serial, error: error instanceof Error ? `${error.stack}` : String(error) })
      }
    },
  )
  const end = () => void putAway().finally(() => process.exit(0))
  process.once('SIGTERM', end)
  // Ctrl-C reaches the whole group; the parent says when to end, by going.
  process.on('SIGINT', () => undefined)
  // The parent may have gone while there was nobody to hear of it.
  if (process.connected) process.once('disconnect', end)
  else end()
}

const readyLine = JSON.stringify({ event: 'ready' })
export const sayReady = (): void => void process.stdout.write(`${readyLine}\n`)
