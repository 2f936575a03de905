import type { Command } from 'commander'
import { type Bind, collectList, wholeNumber } from './options.ts'

type Options = Record<string, unknown>
const text = (options: Options, name: string) => options[name] as string | undefined
const list = (options: Options, name: string) => options[name] as string[] | undefined
const flag = (options: Options, name: string) => options[name] as boolean | undefined
const amount = (options: Options, name: string) => options[name] as number | undefined

const configHelp = 'a JSON object, or @FILE that holds one'
const keyHelp = 'idempotency key: sent again, the same key makes nothing new'

/** `jobwright jobs …`: the Jobs API from the shell. */
export function addJobCommands(program: Command, bind: Bind): void {
  const jobs = program.command('jobs').description('the Jobs API from the shell')
  jobs
    .command('schemas')
    .description('the job types of the server')
    .action(
      bind(
        async () => (await import('./commands/jobs/schemas.ts')).schemasHandler,
        () => ({}),
      ),
    )
  addJobs(jobs, bind)
  addJobRuns(jobs, bind)
}

function addJobs(jobs: Command, bind: Bind): void {
  paged(jobs.command('list').description('list jobs, newest first'))
    .option('--created-by <emails>', 'only jobs of these users', collectList)
    .option('--session <ids>', 'only jobs of these source sessions', collectList)
    .action(
      bind(
        async () => (await import('./commands/jobs/list.ts')).jobListHandler,
        (_, o) => ({ ...pageArgs(o), createdBy: list(o, 'createdBy'), session: list(o, 'session') }),
      ),
    )
  jobs
    .command('get <job-id>')
    .description('one job')
    .action(
      bind(
        async () => (await import('./commands/jobs/get.ts')).jobGetHandler,
        ([jobId = '']) => ({ jobId }),
      ),
    )
  jobs
    .command('create')
    .description('save a job; it is not run')
    .requiredOption('--type <job-type>', 'one of `jobwright jobs schemas`')
    .option('--config <json>', configHelp)
    .option('--key <key>', keyHelp)
    .action(
      bind(
        async () => (await import('./commands/jobs/create.ts')).jobCreateHandler,
        (_, o) => ({ type: text(o, 'type') ?? '', config: text(o, 'config'), key: text(o, 'key') }),
      ),
    )
  jobs
    .command('update <job-id>')
    .description('merge into the config of a job; null removes a member')
    .requiredOption('--config <json>', configHelp)
    .action(
      bind(
        async () => (await import('./commands/jobs/update.ts')).jobUpdateHandler,
        ([jobId = ''], o) => ({ jobId, config: text(o, 'config') ?? '' }),
      ),
    )
  jobs
    .command('delete <job-id>')
    .description('delete a job; its runs stay')
    .action(
      bind(
        async () => (await import('./commands/jobs/delete.ts')).jobDeleteHandler,
        ([jobId = '']) => ({ jobId }),
      ),
    )
  jobs
    .command('latest-run <job-id>')
    .description('the most recent run of a job')
    .action(
      bind(
        async () => (await import('./commands/jobs/latest-run.ts')).latestRunHandler,
        ([jobId = '']) => ({ jobId }),
      ),
    )
}

function addJobRuns(jobs: Command, bind: Bind): void {
  jobs
    .command('run <job-id>')
    .description('run a job once')
    .option('--config <json>', `merged over the config of the job: ${configHelp}`)
    .option('--key <key>', keyHelp)
    .option('--wait', 'until it has ended; the exit code says how')
    .action(
      bind(
        async () => (await import('./commands/jobs/run.ts')).jobRunHandler,
        ([jobId = ''], o) => ({
          jobId,
          config: text(o, 'config'),
          key: text(o, 'key'),
          wait: flag(o, 'wait'),
        }),
      ),
    )
  paged(jobs.command('runs').description('list job runs, newest first'))
    .option('--job <job-id>', 'only runs of this job')
    .option('--status <statuses>', 'only runs with these statuses', collectList)
    .action(
      bind(
        async () => (await import('./commands/jobs/runs.ts')).jobRunsHandler,
        (_, o) => ({ ...pageArgs(o), job: text(o, 'job'), status: list(o, 'status') }),
      ),
    )
  jobs
    .command('get-run <job-run-id>')
    .description('one job run')
    .action(
      bind(
        async () => (await import('./commands/jobs/get-run.ts')).jobGetRunHandler,
        ([jobRunId = '']) => ({ jobRunId }),
      ),
    )
  jobs
    .command('cancel <job-run-id>')
    .description('cancel a job run')
    .action(
      bind(
        async () => (await import('./commands/jobs/cancel.ts')).jobCancelHandler,
        ([jobRunId = '']) => ({ jobRunId }),
      ),
    )
  jobs
    .command('logs <job-run-id>')
    .description('the log lines of a job run')
    .action(
      bind(
        async () => (await import('./commands/jobs/logs.ts')).jobLogsHandler,
        ([jobRunId = '']) => ({ jobRunId }),
      ),
    )
  jobs
    .command('output <job-run-id> <name>')
    .description('one output of a job run, as it is')
    .action(
      bind(
        async () => (await import('./commands/jobs/output.ts')).jobOutputHandler,
        ([jobRunId = '', name = '']) => ({ jobRunId, name }),
      ),
    )
}

function paged(command: Command): Command {
  return command
    .option('--type <job-types>', 'only these job types', collectList)
    .option('--created-after <time>', 'created then or later: 2026-04-13, or RFC 3339')
    .option('--created-before <time>', 'created earlier')
    .option('--limit <n>', 'at most so many', wholeNumber)
    .option('--cursor <cursor>', 'go on after a page')
}

function pageArgs(o: Options) {
  return {
    type: list(o, 'type'),
    createdAfter: text(o, 'createdAfter'),
    createdBefore: text(o, 'createdBefore'),
    limit: amount(o, 'limit'),
    cursor: text(o, 'cursor'),
  }
}
