import { Client, Connection, type ConnectionOptions } from '@temporalio/client'
import { clientOptions } from '../../src/temporal/connect.ts'

/** A client of a Temporal server that counts its calls. */
export interface CountedTemporal {
  readonly client: Client
  /** Calls so far, repeated ones too, by the name of the method: `QueryWorkflow`. */
  readonly calls: Map<string, number>
  /** Calls that are not answered yet, by the name of the method. */
  readonly open: Map<string, number>
  close(): Promise<void>
}

type Interceptor = NonNullable<ConnectionOptions['interceptors']>[number]

export async function connectCounted(address: string): Promise<CountedTemporal> {
  const calls = new Map<string, number>()
  const open = new Map<string, number>()
  const add = (to: Map<string, number>, name: string, by: number) => to.set(name, (to.get(name) ?? 0) + by)
  const counting: Interceptor = (options, nextCall) => {
    const name = options.method_definition.path.split('/').at(-1) ?? ''
    add(calls, name, 1)
    add(open, name, 1)
    const call = nextCall(options)
    const start = call.start.bind(call)
    call.start = (metadata, listener = {}) =>
      start(metadata, {
        ...listener,
        onReceiveMetadata: (received) => listener.onReceiveMetadata?.(received),
        onReceiveMessage: (message) => listener.onReceiveMessage?.(message),
        onReceiveStatus(status) {
          add(open, name, -1)
          listener.onReceiveStatus?.(status)
        },
      })
    return call as ReturnType<Interceptor>
  }
  const options = clientOptions({ address, namespace: 'default' })
  const connection = await Connection.connect({
    ...options,
    interceptors: [...(options.interceptors ?? []), counting],
  })
  return {
    client: new Client({ connection, namespace: 'default' }),
    calls,
    open,
    close: () => connection.close(),
  }
}
