import { Argument, Command, Option } from 'commander'
import { graphFormats } from './commands/graph.ts'
import { completionScript, type Shell, shells } from './completion.ts'
import type { CliHost } from './context.ts'
import { exitCodes } from './exit-codes.ts'
import { type Bind, collect, collectList, type Run, runId, wholeNumber } from './options.ts'
import { errorJson } from './output/json.ts'
import { painter } from './output/paint.ts'
import { addDocumentCommands } from './program-documents.ts'
import { addJobCommands } from './program-jobs.ts'
import { addScheduleCommands } from './program-schedules.ts'
import { addStackCommands } from './program-stack.ts'
import { addSteerCommands } from './program-steering.ts'

const exitCodeHelp = `
Exit codes: 0 completed, 1 the run failed, 2 bad usage or file, 3 something unreachable, 4 cancelled,
5 held: a person has to decide (the run goes on then; show says what), 130 interrupted by Ctrl-C (a followed run goes on), 70 a defect of jobwright.
`

/** The command line: names, options and help. What a command does is in `commands/`. */
export function createProgram(host: CliHost, isJson: boolean, run: Run): Command {
  const program = new Command('jobwright')
    .description('Durable job pipelines on Temporal, and a self-hosted Jobs API server')
    .version(host.version, '-V, --version', 'print the version')
    .addOption(
      new Option('--output <format>', 'text for people; json: data on stdout and nothing else')
        .choices(['text', 'json'])
        .default('text'),
    )
    .option('--utc', 'times in UTC; without, in the zone of this machine')
    .configureHelp({ showGlobalOptions: true, helpWidth: 100 })
    .configureOutput({
      writeOut: (text) => host.stdout.write(text),
      writeErr: (text) => host.stderr.write(text),
      outputError: (text, write) => write(usageText(text, host, isJson)),
      getOutHasColors: () => host.color,
      getErrHasColors: () => host.errorColor,
    })
    .exitOverride()
    .showHelpAfterError(isJson ? false : '(--help says what there is)')
    .addHelpText('after', exitCodeHelp)
  const bind: Bind =
    (load, toArgs) =>
    async (...received) => {
      // Commander passes the arguments, the options and the command itself.
      const command = received.at(-1) as Command
      const handler = await load()
      const positional = command.processedArgs as string[]
      const options = command.optsWithGlobals() as Record<string, unknown>
      if (options.utc) host.useUtc()
      await run(options.output === 'json' ? 'json' : 'text', (ctx) =>
        handler(toArgs(positional, options), ctx),
      )
    }
  addStackCommands(program, bind)
  addPipelineCommands(program, bind)
  addSteerCommands(program, bind)
  addScheduleCommands(program, bind)
  addFileCommands(program, bind)
  addJobCommands(program, bind)
  addDocumentCommands(program, bind)
  program
    .command('completion')
    .description('a script that completes command lines: source it, or put it where your shell looks')
    .addArgument(new Argument('<shell>').choices(shells))
    .action((shell: Shell) => void host.stdout.write(completionScript(program, shell)))
  return program
}

function usageText(text: string, host: CliHost, isJson: boolean): string {
  const message = text.replace(/^error: /, '')
  if (isJson) return errorJson({ code: 'bad_usage', message: message.trim(), exitCode: exitCodes.usage })
  return `${painter(host.errorColor)('red', 'error')} bad_usage ${message}`
}

function addPipelineCommands(program: Command, bind: Bind): void {
  program
    .command('run <file>')
    .description(
      'check a pipeline file, or a saved pipeline (NAME, NAME@VERSION), start it and follow it; Ctrl-C detaches',
    )
    .option('-i, --input <name=value>', 'an input of the pipeline; may be repeated', collect)
    .option('--detach', 'print the id and leave')
    .option('--id <id>', 'id of the run; one that exists already is followed instead', runId)
    .action(
      bind(
        async () => (await import('./commands/run.ts')).runHandler,
        ([file = ''], { input, detach, id }) => ({
          file,
          input: input as string[] | undefined,
          detach: detach as boolean | undefined,
          id: id as string | undefined,
        }),
      ),
    )
  program
    .command('runs')
    .description('list the pipeline runs of your workspace, newest first')
    .option('--limit <n>', 'how many', wholeNumber, 50)
    .option('--all-workspaces', 'of everybody, and of nobody')
    .option('--pipeline <name>', 'only of pipelines of this name')
    .option('--status <statuses>', 'only with these statuses', collectList)
    .option('--schedule <name>', 'only of the schedule of this name')
    .option('--since <time>', 'only started then or later: 2h, 7d, 2026-04-13, or RFC 3339')
    .option('--nested', 'also those that are steps of other runs')
    .action(
      bind(
        async () => (await import('./commands/runs.ts')).runsHandler,
        (_, { limit, allWorkspaces, pipeline, status, schedule, since, nested }) => ({
          nested: nested as boolean | undefined,
          limit: limit as number,
          allWorkspaces: allWorkspaces as boolean | undefined,
          pipeline: pipeline as string | undefined,
          status: status as string[] | undefined,
          schedule: schedule as string | undefined,
          since: since as string | undefined,
        }),
      ),
    )
  program
    .command('limits')
    .description('who has places under the limits of your workspace, and who waits')
    .option('--all-workspaces', 'of everybody, and of nobody')
    .action(
      bind(
        async () => (await import('./commands/limits.ts')).limitsHandler,
        (_, { allWorkspaces }) => ({ allWorkspaces: allWorkspaces as boolean | undefined }),
      ),
    )
  program
    .command('show <id>')
    .description('where a pipeline run stands')
    .action(
      bind(
        async () => (await import('./commands/show.ts')).showHandler,
        ([id = '']) => ({ id }),
      ),
    )
  program
    .command('logs <id> [step]')
    .description('the log lines of a pipeline run, of a STEP of it, or of one STEP[ITEM]')
    .option('-f, --follow', 'until the run is over')
    .action(
      bind(
        async () => (await import('./commands/logs.ts')).logsHandler,
        ([id = '', step], { follow }) => ({ id, step, follow: follow as boolean | undefined }),
      ),
    )
  program
    .command('watch <id>')
    .description('follow a pipeline run until it is over, or held')
    .action(
      bind(
        async () => (await import('./commands/watch.ts')).watchHandler,
        ([id = '']) => ({ id }),
      ),
    )
  program
    .command('cancel <id>')
    .description('cancel a pipeline run and follow it until every remote run has ended')
    .option('--detach', 'ask for it and leave')
    .action(
      bind(
        async () => (await import('./commands/cancel.ts')).cancelHandler,
        ([id = ''], { detach }) => ({ id, detach: detach as boolean | undefined }),
      ),
    )
}

function addFileCommands(program: Command, bind: Bind): void {
  program
    .command('push <files...>')
    .description('save pipelines on the server, each under the name in it; a change is a new version')
    .action(
      bind(
        async () => (await import('./commands/push.ts')).pushHandler,
        ([files]) => ({ files: files as unknown as string[] }),
      ),
    )
  program
    .command('pipelines')
    .description('the pipelines that are saved on the server')
    .action(
      bind(
        async () => (await import('./commands/pipelines.ts')).pipelinesHandler,
        () => ({}),
      ),
    )
  program
    .command('schema')
    .description('the JSON Schema of a pipeline file, for editors')
    .action(
      bind(
        async () => (await import('./commands/schema.ts')).schemaHandler,
        () => ({}),
      ),
    )
  program
    .command('init [folder]')
    .description('a small project: a pipeline, a job type, a test; ready to run')
    .action(
      bind(
        async () => (await import('./commands/init.ts')).initHandler,
        ([folder]) => ({ folder }),
      ),
    )
  program
    .command('types')
    .description('TypeScript of the job types that the server has now')
    .option('--out <file>', 'write there instead of stdout')
    .option(
      '--check',
      'write nothing: say what has changed since the file was written, and exit 1 if anything has',
    )
    .option('--connection <name>', 'of the configuration; the default one without')
    .action(
      bind(
        async () => (await import('./commands/types.ts')).typesHandler,
        (_, { out, check, connection }) => ({
          out: out as string | undefined,
          check: check as boolean | undefined,
          connection: connection as string | undefined,
        }),
      ),
    )
  program
    .command('validate <files...>')
    .description('check pipeline files (YAML or TypeScript): every problem with its place and its fix')
    .option('--offline', 'ask no server for its job types')
    .action(
      bind(
        async () => (await import('./commands/validate.ts')).validateHandler,
        (positional, { offline }) => ({
          files: positional[0] as unknown as string[],
          offline: offline as boolean | undefined,
        }),
      ),
    )
  program
    .command('graph <file>')
    .description('draw the steps of a pipeline file (YAML or TypeScript), or print it as YAML')
    .addOption(
      new Option('--format <format>', 'how (default: as the file is named, else text)').choices(graphFormats),
    )
    .option('--out <file>', 'write there instead of stdout')
    .action(
      bind(
        async () => (await import('./commands/graph.ts')).graphHandler,
        ([file = ''], { format, out }) => ({
          file,
          format: format as (typeof graphFormats)[number] | undefined,
          out: out as string | undefined,
        }),
      ),
    )
}
