import { type Command, Option } from 'commander'
import {
  type BackfillOrder,
  type BackfillScope,
  backfillOrders,
  backfillScopes,
} from '../contract/schedules/backfills.ts'
import { type Bind, runId, wholeNumber } from './options.ts'

const times = "7d, 2026-04-13 or 2026-04-13T02:30 in the schedule's zone, or RFC 3339"

/** `jobwright schedule backfill…`: runs of times that have been. */
export function addBackfillCommands(schedule: Command, bind: Bind): void {
  schedule
    .command('backfill <name>')
    .description(
      'run the times of a range that have been, each once, and follow that; Ctrl-C detaches, and the backfill goes on',
    )
    .requiredOption('--from <time>', `then or later: ${times}`)
    .option('--until <time>', 'before (default: now)')
    .option('--plan', 'list the times, the runs that they have, and what would run; start nothing')
    .addOption(
      new Option(
        '--only <which>',
        'missing: times without a run; failed: those whose last run failed or was cancelled; all (default: missing)',
      ).choices(backfillScopes),
    )
    .addOption(new Option('--order <order>', 'which first (default: oldest)').choices(backfillOrders))
    .option('--max-active <n>', 'how many of its runs at once, up to 100 (default: 1)', wholeNumber)
    .option('--yes', 'also where there are more than 10,000 times')
    .option('--detach', 'print the id and leave')
    .action(
      bind(
        async () => (await import('./commands/backfills/start.ts')).backfillHandler,
        ([name = ''], { from, until, plan, only, order, maxActive, yes, detach }) => ({
          name,
          from: from as string,
          until: until as string | undefined,
          plan: plan as boolean | undefined,
          only: only as BackfillScope | undefined,
          order: order as BackfillOrder | undefined,
          maxActive: maxActive as number | undefined,
          yes: yes as boolean | undefined,
          detach: detach as boolean | undefined,
        }),
      ),
    )
  schedule
    .command('backfills <name>')
    .description('the backfills of a schedule, newest first')
    .option('--limit <n>', 'how many', wholeNumber, 20)
    .action(
      bind(
        async () => (await import('./commands/backfills/list.ts')).listBackfillsHandler,
        ([name = ''], { limit }) => ({ name, limit: limit as number }),
      ),
    )
}

/** `jobwright backfill …`: one that was started. */
export function addBackfillSteering(program: Command, bind: Bind): void {
  const backfill = program.command('backfill').description('a backfill of a schedule, by its id')
  const steer = () => import('./commands/backfills/steer.ts')
  const command = (usage: string, description: string) => {
    const made = backfill.command(usage).description(description)
    for (const argument of made.registeredArguments) argument.argParser(runId)
    return made
  }
  command('show <id>', 'where it stands').action(
    bind(
      async () => (await steer()).showBackfillHandler,
      ([id = '']) => ({ id }),
    ),
  )
  command('watch <id>', 'follow it until it is over').action(
    bind(
      async () => (await steer()).watchBackfillHandler,
      ([id = '']) => ({ id }),
    ),
  )
  command('pause <id>', 'it starts nothing more until it is resumed; its runs go on')
    .option('--note <text>', 'why; shown until then')
    .action(
      bind(
        async () => (await steer()).pauseBackfillHandler,
        ([id = ''], { note }) => ({ id, note: note as string | undefined }),
      ),
    )
  command('resume <id>', 'let a paused one go on').action(
    bind(
      async () => (await steer()).resumeBackfillHandler,
      ([id = '']) => ({ id }),
    ),
  )
  command('cancel <id>', 'start nothing more, cancel its open runs, and follow it until they have ended')
    .option('--detach', 'ask for it and leave')
    .action(
      bind(
        async () => (await steer()).cancelBackfillHandler,
        ([id = ''], { detach }) => ({ id, detach: detach as boolean | undefined }),
      ),
    )
}
