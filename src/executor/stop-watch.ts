import type { Context } from '@temporalio/activity'
import { aborted } from '../base/abort.ts'
import type { StopReason } from './outcome.ts'

/** Tells an attempt when to stop, and why. The first reason stays. */
export interface StopWatch {
  signal: AbortSignal
  reason(): StopReason | undefined
  /** The attempt's time is up `ms` from now, by this machine's clock alone: those of others may tell another time. */
  allow(ms: number): void
  /** Resolves when told to stop. */
  stopped: Promise<void>
  release(): void
}

const longestTimerMs = 2 ** 31 - 1

type CancellationDetails = Context['cancellationDetails']

/** Only a requested cancel cancels the run: deploys, resets and lost attempts stop handlers too. */
function reasonOf(details: CancellationDetails): StopReason {
  if (details?.cancelRequested) return 'cancel'
  if (details?.notFound || details?.timedOut) return 'superseded'
  return 'shutdown'
}

export function watchForStop(
  context: Pick<Context, 'cancellationSignal' | 'cancellationDetails'>,
): StopWatch {
  const controller = new AbortController()
  let reason: StopReason | undefined
  let deadline = Number.POSITIVE_INFINITY
  let timer: NodeJS.Timeout | undefined
  const stop = (why: StopReason) => {
    if (reason !== undefined) return
    reason = why
    controller.abort(new DOMException(messages[reason], 'AbortError'))
  }
  const onCancel = () => stop(reasonOf(context.cancellationDetails))
  const arm = () => {
    const left = deadline - performance.now()
    if (left <= 0) stop('timeout')
    else timer = setTimeout(arm, Math.min(left, longestTimerMs))
  }
  context.cancellationSignal.addEventListener('abort', onCancel, { once: true })
  if (context.cancellationSignal.aborted) onCancel()
  return {
    signal: controller.signal,
    reason: () => reason,
    allow(ms) {
      deadline = performance.now() + ms
      clearTimeout(timer)
      arm()
    },
    stopped: aborted(controller.signal),
    release() {
      clearTimeout(timer)
      context.cancellationSignal.removeEventListener('abort', onCancel)
    },
  }
}

const messages: Record<StopReason, string> = {
  cancel: 'the run was cancelled',
  timeout: 'the time of the run is up',
  shutdown: 'the worker shuts down',
  superseded: 'another attempt has begun, or the run has ended',
}
