import { aborted } from '../../base/abort.ts'
import { JobwrightError } from '../../base/errors.ts'
import { type CliContext, note } from '../context.ts'
import { exitCodes } from '../exit-codes.ts'
import { renderJson } from '../output/json.ts'
import { renderFields } from '../output/table.ts'
import { escapeControl } from '../output/text.ts'

export interface DevArgs {
  /** Instead of JOBWRIGHT_PORT. */
  port?: number | undefined
  /** The server of the stack is one of the reference alone. */
  plain?: boolean | undefined
  /** Every detail of the start. */
  verbose?: boolean | undefined
}

/**
 * `jobwright dev`: the whole stack, until Ctrl-C. Progress and restarts on stderr; the addresses on stdout, once it
 * is ready. Says where the token is, never what it is.
 */
export async function devHandler(args: DevArgs, ctx: CliContext): Promise<number> {
  const { describeStackEvent, readStack, startStack } = await import('../../dev-stack/index.ts')
  const { config } = ctx
  const plain = args.plain === true || config.plain
  const running = await readStack(config.dataDir)
  if (running)
    throw new JobwrightError({
      code: 'data_dir_in_use',
      fault: 'unreachable',
      message: `a stack is running in ${config.dataDir} already: process ${running.pids.owner}, ${running.apiUrl}`,
      fix: 'use it, stop it, or set JOBWRIGHT_DATA_DIR to another directory',
    })
  const stack = await startStack({
    dataDir: config.dataDir,
    host: config.host,
    port: args.port ?? config.port,
    configFile: config.configFile,
    temporal: config.temporal,
    cacheDir: config.cacheDir,
    environment: { ...config.inheritedEnvironment(), ...(plain ? { JOBWRIGHT_PLAIN: 'true' } : {}) },
    log: (event) => {
      if (args.verbose || event.kind !== 'detail') note(ctx, escapeControl(describeStackEvent(event)))
    },
    signal: ctx.signal,
  })
  const { info } = stack
  const { url } = config.jobsApi
  const elsewhere = url === info.apiUrl ? undefined : url
  try {
    ctx.stdout.write(
      ctx.output === 'json'
        ? renderJson({
            data_dir: info.dataDir,
            api_url: info.apiUrl,
            plain,
            default_connection: elsewhere ?? info.apiUrl,
            temporal_address: info.temporalAddress,
            namespace: info.namespace,
            token_file: info.tokenFile,
            worker_token_file: info.workerTokenFile,
            logs_dir: info.logsDir,
            pids: info.pids,
          })
        : renderFields([
            ...(elsewhere === undefined
              ? ([['Jobs API', info.apiUrl]] as const)
              : ([
                  ['Jobs API', `${elsewhere} (JOBS_API_URL): of pipelines and commands`],
                  ['Own API', `${info.apiUrl}: of this stack, which nothing uses unless it is named`],
                ] as const)),
            ...(plain ? ([['Plain', 'the reference alone: no extension is there']] as const) : []),
            ['Temporal', `${info.temporalAddress} (namespace ${info.namespace})`],
            ['Token', `in ${info.tokenFile}`],
            ['Data', info.dataDir],
            ['Logs', info.logsDir],
            ['Next', 'jobwright jobs schemas, jobwright run FILE; Ctrl-C here stops everything'],
          ]),
    )
    await Promise.race([stack.done, aborted(ctx.signal)])
  } finally {
    await stack.stop()
  }
  return exitCodes.completed
}
