import { builtInJobTypes } from './built-in/index.ts'
import { createHandle, runHandlerHost } from './executor/index.ts'
import { createRegistry, loadUserConfig } from './job-types/index.ts'
import { type HandlerHostSettings, handling } from './worker/handlers.ts'

/** Composition root of a process of handlers. Its worker starts it, tells it its settings, and ends it. */
runHandlerHost(async (settings) => {
  const { configFile, server } = settings as HandlerHostSettings
  const { jobTypes, secrets } = await loadUserConfig(configFile, process.cwd())
  return createHandle(
    handling(server, { registry: createRegistry([...builtInJobTypes, ...jobTypes]), secrets }),
  )
})
