import { execFileSync } from 'node:child_process'
import { EventEmitter } from 'node:events'
import { createReadStream, existsSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { sleep } from '../../src/built-in/sleep.ts'
import { defineJobType } from '../../src/job-types/define-job-type.ts'
import { JobRunError, RetryableError } from '../../src/job-types/errors.ts'
import type { AnyJobType } from '../../src/job-types/types.ts'

const texts = { displayName: 'x', description: 'x' }

/** Ends only when told to stop, with the reason. */
const forever = (signal: AbortSignal) => delay(2 ** 30, undefined, { signal })

const echo = defineJobType({
  ...texts,
  jobType: 'echo',
  config: z.strictObject({ value: z.json(), note: z.string().default('none') }),
  async run({ config, run, attempt, log, progress, output, api }) {
    log.info(`value ${JSON.stringify(config.value)}`)
    log.warn('a NUL \u0000 and half a pair \uD800')
    progress(0.5, `half of ${JSON.stringify(config.value)}`)
    await output.json('echo', {
      value: config.value,
      note: config.note,
      run,
      attempt,
      api: typeof api.getJob,
    })
    await output.text('text', 'äöü')
    await output.bytes('bytes', new Uint8Array([1]), { mediaType: 'application/x-one', type: 'thing' })
  },
})

const failing = defineJobType({
  ...texts,
  jobType: 'failing',
  config: z.strictObject({ how: z.string(), secret: z.string().optional() }),
  outputs: { declared: z.object({ n: z.number() }).optional() },
  async run({ config, output, attempt }) {
    switch (config.how) {
      case 'error':
        throw new Error(`broken with ${config.secret}`)
      case 'secret code':
        throw new JobRunError(
          `E_${config.secret}`,
          `Basic ${Buffer.from(`me:${config.secret}`).toString('base64')}`,
        )
      case 'code':
        throw new JobRunError('out_of_paper', 'no paper')
      case 'text':
        throw 'just text'
      case 'long':
        throw new Error('ä'.repeat(10_000))
      case 'retry':
        throw new RetryableError(`attempt ${attempt} with ${config.secret}`, { retryAfterMs: 1 })
      case 'retry_once':
        if (attempt === 1) throw new RetryableError('not yet', { retryAfterMs: 1 })
        return
      case 'output':
        return output.json('declared', { n: 'no number' as never })
      case 'name':
        return output.bytes('not a name' as never, new Uint8Array(), { mediaType: 'a/b' })
      case 'undefined':
        return output.json('declared', undefined as never)
    }
  },
})

const declaring = defineJobType({
  ...texts,
  jobType: 'declaring',
  config: z.strictObject({ how: z.string() }),
  outputs: {
    sum: z.object({ n: z.number() }),
    report: z.string().max(5),
    extra: z.string().optional(),
  },
  async run({ config: { how }, output, attempt }) {
    if (how === 'undeclared') await output.json('smu' as never, { n: 1 } as never)
    if (how === 'undeclared text') await output.text('smu' as never, 'x')
    if (how === 'swallowed') await output.json('smu' as never, 1 as never).catch(() => undefined)
    if (how === 'missing') return
    if (how === 'no report') return output.json('sum', { n: 1 })
    if (how === 'text') await output.text('report', 'too long')
    if (how === 'bytes')
      await output.bytes('sum', Buffer.from('[]'), { mediaType: 'application/json; charset=utf-8' })
    if (how === 'in two attempts' && attempt === 1) {
      await output.text('report', 'first')
      throw new RetryableError('again', { retryAfterMs: 1 })
    }
    if (how !== 'in two attempts') await output.text('report', 'short')
    // Nobody awaits it, and a field is not described.
    void output.json('sum', { n: 2, more: true } as { n: number })
  },
})

const naming = defineJobType({
  ...texts,
  jobType: 'naming',
  config: z.strictObject({ name: z.string() }),
  async run({ config, output }) {
    await output.text(config.name, 'x')
  },
})

const patient = defineJobType({
  ...texts,
  jobType: 'patient',
  config: z.strictObject({}),
  async run({ signal, log }) {
    log.info('waiting')
    await forever(signal)
  },
})

const stubborn = defineJobType({
  ...texts,
  jobType: 'stubborn',
  config: z.strictObject({}),
  async run({ log, signal }) {
    log.info('waiting')
    await forever(signal).catch(() => undefined)
    log.info('told to stop, completing all the same')
  },
})

const deaf = defineJobType({
  ...texts,
  jobType: 'deaf',
  config: z.strictObject({}),
  async run({ log }) {
    log.info('waiting')
    await delay(2 ** 30, undefined, { ref: false })
  },
})

const unhurried = defineJobType({
  ...texts,
  jobType: 'unhurried',
  config: z.strictObject({}),
  timeout: '1m',
  run: async () => undefined,
})
const brief = defineJobType({ ...patient, jobType: 'brief', timeout: '1s' })
const twice = defineJobType({ ...failing, jobType: 'twice', maxAttempts: 2 })

/** First attempt: waits to be killed. A later one: completes. */
async function runFragile({ attempt, signal, log, output }: Parameters<AnyJobType['run']>[0]): Promise<void> {
  log.info('waiting')
  if (attempt === 1) await forever(signal)
  await output.json('attempt', attempt)
}
const fragile = defineJobType({ ...texts, jobType: 'fragile', config: z.strictObject({}), run: runFragile })
const fragileTwice = defineJobType({ ...patient, jobType: 'fragile_twice', maxAttempts: 2 })
const onceOnly = defineJobType({ ...fragile, jobType: 'once_only', onWorkerLost: 'fail' })

/** Says its process, does harm in the way that it is told, and then waits for that to happen. */
async function runUnruly({ config, signal, log, output }: Parameters<AnyJobType['run']>[0]): Promise<void> {
  const { how, ms, file } = config as z.output<typeof unrulyConfig>
  await output.json('pid', process.pid)
  log.info('waiting')
  switch (how) {
    case 'timer':
      setTimeout(() => {
        throw new Error('thrown in a timer')
      }, ms)
      break
    case 'emitter':
      setTimeout(() => new EventEmitter().emit('error', new Error('emitted')), ms)
      break
    case 'stream':
      createReadStream('/nowhere/at/all')
      break
    case 'promise':
      void Promise.reject(new Error('forgotten'))
      return
    case 'exit':
      return process.exit(3)
    case 'late_exit':
      setTimeout(() => process.exit(0), ms)
      break
    case 'really_exit':
      return (process as unknown as { reallyExit(code: number): never }).reallyExit(4)
    case 'disconnect':
      process.disconnect()
      return
    case 'worker':
      process.kill(process.ppid)
      return
    case 'send':
      // As a test double, or a library for clusters, may do.
      process.send?.(null)
      process.send = () => true
      return
    case 'proxy':
      throw new Proxy(
        {},
        {
          getPrototypeOf() {
            throw new Error('not told')
          },
        },
      )
    case 'abort':
      return process.abort()
    case 'kill':
      process.kill(process.pid, 'SIGKILL')
      return
    case 'die':
      // Nothing in JavaScript sees this coming, as with memory that runs out.
      execFileSync('kill', ['-9', String(process.pid)])
      break
    case 'block': {
      const end = performance.now() + ms
      while (performance.now() < end && !(file && existsSync(file)));
      return
    }
  }
  await forever(signal)
}
const unrulyConfig = z.strictObject({
  how: z.string(),
  ms: z.number().default(10),
  file: z.string().optional(),
})
const unruly = defineJobType({
  ...texts,
  jobType: 'unruly',
  maxAttempts: 2,
  config: unrulyConfig,
  run: runUnruly,
})

/**
 * Says its process and waits for a while: what happens to others must not happen to it. Where its process is to die, the first
 * attempt waits for that, and a later one ends at once.
 */
const innocent = defineJobType({
  ...texts,
  jobType: 'innocent',
  maxAttempts: 1,
  config: z.strictObject({ ms: z.number().default(0), until_lost: z.boolean().default(false) }),
  async run({ config, signal, log, output, attempt }) {
    await output.json(`pid_${attempt}`, process.pid)
    log.info('waiting')
    if (config.until_lost && attempt === 1) await forever(signal)
    await delay(config.ms, undefined, { signal })
  },
})
const once = defineJobType({ ...innocent, jobType: 'innocent_once', onWorkerLost: 'fail' })
const alone = defineJobType({ ...innocent, jobType: 'alone', isolation: 'process' })

/** What the handlers of the tests' workers are made of. */
export const testJobTypes: AnyJobType[] = [
  sleep,
  echo,
  failing,
  declaring,
  naming,
  patient,
  stubborn,
  deaf,
  unhurried,
  brief,
  twice,
  fragile,
  fragileTwice,
  onceOnly,
  unruly,
  innocent,
  once,
  alone,
]
