import { fileURLToPath } from 'node:url'

/**
 * What the workflow isolate is bundled from: by a worker at its start (`src`), by the build (`dist`, in JavaScript).
 * The evaluator of expressions with its libraries, most of the code, is loaded once for all workflows instead of once for each:
 * it keeps nothing from one evaluation to the next.
 * @param directory `src/`, or its compiled copy; ends with `/`
 */
export function workflowSources(
  directory = new URL('../', import.meta.url),
  extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js',
): { workflowsPath: string; preloadModules: string[] } {
  const locate = (module: string) => fileURLToPath(new URL(`${module}.${extension}`, directory))
  return { workflowsPath: locate('workflows/index'), preloadModules: [locate('pipeline/evaluate/index')] }
}
