import type { Command } from 'commander'
import type { SteerVerb } from '../pipeline/plan/index.ts'
import { type Bind, itemIndex } from './options.ts'

const descriptions: Record<SteerVerb, string> = {
  adopt: 'say which JOB-RUN is that of a step whose trigger was lost (trigger_unknown); it goes on with it',
  trigger:
    'trigger a step once more whose trigger was lost; if the first one arrives after all, it runs twice',
  fail: 'give up a step whose trigger was lost: it fails, and on_failure says what follows',
}

/** What a person decides of steps of unknown trigger. */
export function addSteerCommands(program: Command, bind: Bind): void {
  for (const verb of ['adopt', 'trigger', 'fail'] as const)
    program
      .command(`${verb} <id> <step>${verb === 'adopt' ? ' <job-run>' : ''}`)
      .description(descriptions[verb])
      .option('--item <n>', 'of a step with for_each, from 0; the same as STEP[N]', itemIndex)
      .action(
        bind(
          async () => (await import('./commands/steer.ts')).steerHandler,
          ([id = '', step = '', jobRun], { item }) => ({
            verb,
            id,
            step,
            jobRun,
            item: item as number | undefined,
          }),
        ),
      )
}
