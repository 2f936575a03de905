import type { ConnectionOptions } from '@temporalio/client'

type Interceptor = NonNullable<ConnectionOptions['interceptors']>[number]
type Call = ReturnType<Interceptor>

/** Of gRPC. */
const cancelled = 1

/**
 * Ends a call whose connection is closed while it waits to be tried again. The SDK tries it from a timer, where the error that gRPC
 * throws of a closed channel is nobody's, and ends the process. It comes after what tries again.
 */
export function endWithChannel(): Interceptor {
  const tried = new WeakSet<object>()
  return (options, nextCall) => {
    const isFirst = !tried.has(options)
    tried.add(options)
    try {
      return nextCall(options) as Call
    } catch (error) {
      // Whoever makes the first try is there to be told.
      if (isFirst) throw error
      return endedCall(String(error))
    }
  }
}

function endedCall(details: string): Call {
  const nothing = () => {}
  const call: Pick<
    Call,
    'start' | 'sendMessage' | 'halfClose' | 'cancelWithStatus' | 'getPeer' | 'startRead'
  > = {
    start(metadata, listener) {
      queueMicrotask(() => listener?.onReceiveStatus?.({ code: cancelled, details, metadata }))
    },
    sendMessage: nothing,
    halfClose: nothing,
    cancelWithStatus: nothing,
    getPeer: () => '',
    startRead: nothing,
  }
  return call as Call
}
