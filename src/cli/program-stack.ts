import type { Command } from 'commander'
import { type Bind, port, wholeNumber } from './options.ts'

const plainHelp = 'the eleven operations of the reference, and no extension'

/** The processes of the stack, and what looks at servers. */
export function addStackCommands(program: Command, bind: Bind): void {
  program
    .command('dev')
    .description('the whole stack here: Temporal, API server and worker; data under .jobwright/')
    .option('--port <n>', 'of the API; 0 takes a free one (default: JOBWRIGHT_PORT, else 8300)', port)
    .option('--plain', plainHelp)
    .option('--verbose', 'what was tried to get the Temporal CLI, too')
    .action(
      bind(
        async () => (await import('./commands/dev.ts')).devHandler,
        (_, { port, plain, verbose }) => ({
          port: port as number | undefined,
          plain: plain as boolean | undefined,
          verbose: verbose as boolean | undefined,
        }),
      ),
    )
  const processes = {
    server: program
      .command('server')
      .description('the Jobs API server, for production')
      .option('--plain', plainHelp),
    worker: program.command('worker').description('a worker, for production'),
  }
  for (const root of ['server', 'worker'] as const)
    processes[root].action(
      bind(
        async () => (await import('./commands/process.ts')).processHandler,
        (_, { plain }) => ({ root, plain: plain as boolean | undefined }),
      ),
    )
  program
    .command('doctor')
    .description('what is reachable, versions, and what to fix')
    .action(
      bind(
        async () => (await import('./commands/doctor.ts')).doctorHandler,
        () => ({}),
      ),
    )
  program
    .command('conformance <url>')
    .description('whether a server keeps to the Jobs API, and how pipelines run on it; reads only')
    .option('--write', 'make a job and a few runs as well, and put them away')
    .option('--job-type <type>', 'of the job (default: one whose schema says what to give it)')
    .option('--config <json>', 'of the job: a JSON object, or @FILE that holds one')
    .option(
      '--patience <seconds>',
      'how long a run may take to be listed, cancelled, over (default: 30)',
      wholeNumber,
    )
    .option('--token-env <name>', 'the variable that holds the token (default: JOBS_API_TOKEN)')
    .action(
      bind(
        async () => (await import('./commands/conformance.ts')).conformanceHandler,
        ([url = ''], { write, jobType, config, patience, tokenEnv }) => ({
          url,
          write: write as boolean | undefined,
          jobType: jobType as string | undefined,
          config: config as string | undefined,
          patience: patience as number | undefined,
          tokenEnv: tokenEnv as string | undefined,
        }),
      ),
    )
}
