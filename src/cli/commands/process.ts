import type { CliContext } from '../context.ts'

/** `jobwright server` and `jobwright worker`: the process of that name, with its output and its exit code. */
export async function processHandler(args: { root: 'server' | 'worker' }, ctx: CliContext): Promise<number> {
  return ctx.runRoot(args.root)
}
