import { createHandle } from '../../src/executor/handle.ts'
import { runHandlerHost } from '../../src/executor/host/run-handler-host.ts'
import { testHandling } from './test-handling.ts'

/** A process of handlers with the job types of the tests. */
runHandlerHost((settings) => createHandle(testHandling(settings as Parameters<typeof testHandling>[0])))
