import type { CliContext } from '../context.ts'

/** `jobwright server` and `jobwright worker`: the process of that name, with its output and its exit code. */
export async function processHandler(
  args: { root: 'server' | 'worker'; plain?: boolean | undefined },
  ctx: CliContext,
): Promise<number> {
  if (args.plain) ctx.servePlain()
  return ctx.runRoot(args.root)
}
