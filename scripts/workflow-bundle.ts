import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker'

/**
 * The code of workflows as one file, whose source map has places and no sources: a worker parses it at each start, and shows sources to
 * nobody.
 */
export async function bundleWorkflows(
  sources: { workflowsPath: string; preloadModules?: string[] },
  logLevel: 'WARN' | 'ERROR',
): Promise<string> {
  const { code } = await bundleWorkflowCode({ logger: new DefaultLogger(logLevel), ...sources })
  const mark = ';base64,'
  const mapAt = code.lastIndexOf(mark) + mark.length
  const { sourcesContent, ...map } = JSON.parse(Buffer.from(code.slice(mapAt), 'base64').toString()) as {
    sourcesContent: unknown
  }
  return code.slice(0, mapAt) + Buffer.from(JSON.stringify(map)).toString('base64')
}
