import { type Command, Option } from 'commander'
import { type Bind, collect, collectList, wholeNumber } from './options.ts'

import { addBackfillCommands, addBackfillSteering } from './program-backfills.ts'

type Options = Record<string, unknown>
const text = (options: Options, name: string) => options[name] as string | undefined
const list = (options: Options, name: string) => options[name] as string[] | undefined
const times = '2h, 7d, 2026-04-13, or RFC 3339'

/** `jobwright schedule …`: when pipelines run by themselves, and what became of it. */
export function addScheduleCommands(program: Command, bind: Bind): void {
  const schedule = program
    .command('schedule')
    .description('when pipelines run by themselves, and what became of it')
  addFileCommands(schedule, bind)
  addLooks(schedule, bind)
  addSteering(schedule, bind)
  addBackfillCommands(schedule, bind)
  addBackfillSteering(program, bind)
}

function addFileCommands(schedule: Command, bind: Bind): void {
  schedule
    .command('apply <file>')
    .description(
      'make the schedules of a pipeline file (or of a saved pipeline) what the file says: tells what changes, with the next times before and after',
    )
    .option('--only <names>', 'only these schedules of it', collectList)
    .option('--dry-run', 'tell what would change, and change nothing')
    .action(
      bind(
        async () => (await import('./commands/schedules/apply.ts')).applyHandler,
        ([file = ''], o) => ({ file, only: list(o, 'only'), dryRun: o['dryRun'] as boolean | undefined }),
      ),
    )
  schedule
    .command('simulate <file|name>')
    .description(
      'the times to come, with clock changes, of a file or of a schedule; of a schedule they are compared with Temporal',
    )
    .option('--only <names>', 'only these schedules of the file', collectList)
    .option('--count <n>', 'how many (default: 10)', wholeNumber)
    .option('--from <time>', `then or later: ${times}`)
    .option('--until <time>', `before: ${times}`)
    .option('--assume <duration>', 'play the overlap policy through, if each run took so long: 25m')
    .action(
      bind(
        async () => (await import('./commands/schedules/simulate.ts')).simulateHandler,
        ([target = ''], o) => ({
          target,
          only: list(o, 'only'),
          count: o['count'] as number | undefined,
          from: text(o, 'from'),
          until: text(o, 'until'),
          assume: text(o, 'assume'),
        }),
      ),
    )
}

function addLooks(schedule: Command, bind: Bind): void {
  schedule
    .command('list')
    .description('the schedules of your workspace, by name')
    .option('--limit <n>', 'how many', wholeNumber, 100)
    .option('--pipeline <name>', 'only of pipelines of this name')
    .action(
      bind(
        async () => (await import('./commands/schedules/list.ts')).listHandler,
        (_, o) => ({ limit: o['limit'] as number, pipeline: text(o, 'pipeline') }),
      ),
    )
  schedule
    .command('show <name>')
    .description('when a schedule is due, what it waits for, what is amiss')
    .action(
      bind(
        async () => (await import('./commands/schedules/show.ts')).showHandler,
        ([name = '']) => ({ name }),
      ),
    )
  schedule
    .command('ledger <name>')
    .description('what became of each of its times, as far back as runs are kept')
    .option('--since <time>', `only times then or later: ${times}`)
    .option('--until <time>', `only times before: ${times}`)
    .option('--outcome <outcomes>', 'only what came to this: missed, skipped, …', collectList)
    .addOption(new Option('--format <format>', 'how (default: table)').choices(['table', 'csv']))
    .action(
      bind(
        async () => (await import('./commands/schedules/ledger.ts')).ledgerHandler,
        ([name = ''], o) => ({
          name,
          since: text(o, 'since'),
          until: text(o, 'until'),
          outcome: list(o, 'outcome'),
          format: o['format'] as 'table' | 'csv' | undefined,
        }),
      ),
    )
}

function addSteering(schedule: Command, bind: Bind): void {
  const steer = async () => import('./commands/schedules/steer.ts')
  schedule
    .command('pause <name>')
    .description('nothing is due until it is resumed; runs of it go on, and an apply does not lift it')
    .option('--note <text>', 'why; shown until then')
    .action(
      bind(
        async () => (await steer()).pauseHandler,
        ([name = ''], o) => ({ name, note: text(o, 'note') }),
      ),
    )
  schedule
    .command('resume <name>')
    .description('go on with the next time to come; what was due meanwhile is not made up for')
    .action(
      bind(
        async () => (await steer()).resumeHandler,
        ([name = '']) => ({ name }),
      ),
    )
  schedule
    .command('trigger <name>')
    .description('start a run of it now, whatever else runs')
    .option('-i, --input <name=value>', 'over an input of the schedule; may be repeated', collect)
    .action(
      bind(
        async () => (await steer()).triggerHandler,
        ([name = ''], o) => ({ name, input: list(o, 'input') }),
      ),
    )
  schedule
    .command('delete <name>')
    .description('nothing is due any more; runs of it go on')
    .action(
      bind(
        async () => (await steer()).deleteHandler,
        ([name = '']) => ({ name }),
      ),
    )
}
