import { startProcess, type TestProcess } from '../test/helpers/processes.ts'

/** A process of a bench that is asked things over its channel, one question after another or several at once. */
export interface Child<Questions extends object> {
  readonly process: TestProcess
  readonly pid: number
  /** What it said when it was ready. */
  readonly ready: Record<string, unknown>
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

export async function startChild<Questions extends object>(
  file: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<Child<Questions>> {
  const started = startProcess(process.execPath, [file, ...args], env)
  const { child } = started
  const open = new Map<number, PromiseWithResolvers<unknown>>()
  let serial = 0
  child.on('message', (message: Message) => {
    const question = open.get(message.serial)
    open.delete(message.serial)
    if (message.error === undefined) question?.resolve(message.answer)
    else question?.reject(new Error(message.error))
  })
  child.once('exit', (code) => {
    for (const question of open.values())
      question.reject(new Error(`${file} ended with ${code}:\n${started.stderr().slice(-2_000)}`))
  })
  const ready = await started.event('ready')
  return {
    process: started,
    pid: child.pid ?? 0,
    ready,
    ask(name, argument) {
      const question = Promise.withResolvers<unknown>()
      serial += 1
      open.set(serial, question)
      child.send({ serial, name, argument })
      return question.promise as Promise<AnswerOf<Questions, typeof name>>
    },
    async stop() {
      await started.stop()
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
  process.once('disconnect', end)
}

export const sayReady = (what: Record<string, unknown> = {}): void =>
  void process.stdout.write(`${JSON.stringify({ event: 'ready', ...what })}\n`)
