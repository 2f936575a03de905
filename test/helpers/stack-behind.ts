import { findFreePort } from '../../src/dev-stack/temporal-cli/dev-server.ts'
import { startTestStack, type TestStack, type TestStackOptions } from './stack.ts'

export interface StackBehind<Proxy> {
  stack: TestStack
  proxy: Proxy
  /** Both. */
  stop(): Promise<void>
}

/**
 * A test stack whose pipelines reach its Jobs API through a proxy; the test itself, and workers about job runs, reach it directly.
 * @param startProxy is told the address that it stands before, where nobody listens yet
 */
export async function startStackBehind<Proxy extends { url: string; stop(): Promise<void> }>(
  startProxy: (target: string) => Promise<Proxy>,
  options: TestStackOptions = {},
): Promise<StackBehind<Proxy>> {
  const port = await findFreePort()
  const url = `http://127.0.0.1:${port}`
  const proxy = await startProxy(`${url}/api/v1`)
  const env = { ...options.env, JOBWRIGHT_PORT: String(port), JOBWRIGHT_URL: url, JOBS_API_URL: proxy.url }
  try {
    const stack = await startTestStack({ ...options, env })
    return {
      stack,
      proxy,
      async stop() {
        await stack.stop()
        await proxy.stop()
      },
    }
  } catch (error) {
    await proxy.stop()
    throw error
  }
}
