import { fileURLToPath } from 'node:url'
import vm from 'node:vm'
import { bundleWorkflowCode } from '@temporalio/worker'
import { expect, test } from 'vitest'

const workflowsPath = fileURLToPath(new URL('./fixtures/workflow.ts', import.meta.url))

test('the evaluator is bundled for workflows and runs with nothing but what their isolate has', async () => {
  const { code } = await bundleWorkflowCode({ workflowsPath, logger: silent })
  // As Temporal's own sandbox: a fresh context that has these globals and no others of Node's.
  const context = vm.createContext({
    TextEncoder,
    TextDecoder,
    URL,
    URLSearchParams,
    AbortController,
    exports: {},
  })
  vm.runInContext(`globalThis.__webpack_module_cache__ = {}; ${code}`, context)
  const run = vm.runInContext('__TEMPORAL__.importWorkflows().evaluateEverything()', context)
  expect(JSON.parse(await run)).toEqual([8, 6, true, [{ tag: 'a' }, { tag: 'b' }], 3, true, 'm:{"id":"m1"}'])
})

test('the bundle of the evaluator holds no zod', async () => {
  const { code } = await bundleWorkflowCode({ workflowsPath, logger: silent })
  expect(code).toContain('evaluateExpression')
  expect(code).not.toMatch(/node_modules\/(zod|yaml)\//)
})

const silent = {
  log() {},
  trace() {},
  debug() {},
  info() {},
  warn() {},
  error(message: string) {
    throw new Error(message)
  },
}
