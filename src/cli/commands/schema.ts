import type { CliContext } from '../context.ts'
import { exitCodes } from '../exit-codes.ts'
import { renderJson } from '../output/json.ts'

/** `jobwright schema`: the JSON Schema of a pipeline file, for editors. */
export async function schemaHandler(_args: object, ctx: CliContext): Promise<number> {
  const { pipelineJsonSchema } = await import('../../pipeline/index.ts')
  ctx.stdout.write(renderJson(pipelineJsonSchema()))
  return exitCodes.completed
}
