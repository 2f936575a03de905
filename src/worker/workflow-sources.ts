import { fileURLToPath } from 'node:url'

/**
 * What the workflow isolate is bundled from: by a worker at its start (`src`), by the build (`dist`, in JavaScript).
 * All of it is loaded once for all workflows instead of once for each, and frozen: no module keeps anything that changes.
 * @param directory `src/`, or its compiled copy; ends with `/`
 */
export function workflowSources(
  directory = new URL('../', import.meta.url),
  extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js',
): { workflowsPath: string; preloadModules: string[] } {
  const locate = (module: string) => fileURLToPath(new URL(`${module}.${extension}`, directory))
  const workflowsPath = locate('workflows/index')
  return { workflowsPath, preloadModules: [workflowsPath] }
}
