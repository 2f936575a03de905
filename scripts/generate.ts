import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { compilePipeline, drawPipeline } from '../src/pipeline/index.ts'
import { createOpenApiDocument } from '../src/server/routes/openapi.ts'

/** Writes the files that are generated from the source and committed. With `--check`: says which are stale, and exits 1. */

const packageFile = new URL('../package.json', import.meta.url)

async function generated(): Promise<{ file: URL; text: string }[]> {
  const { version } = JSON.parse(await readFile(packageFile, 'utf8')) as { version: string }
  return [
    {
      file: new URL('../openapi.json', import.meta.url),
      text: `${JSON.stringify(createOpenApiDocument(version), null, 2)}\n`,
    },
    { file: new URL('../docs/images/pdu-review.svg', import.meta.url), text: await examplePicture() },
  ]
}

/** As `jobwright graph --format svg` draws it. */
async function examplePicture(): Promise<string> {
  const file = 'examples/pdu-review/pipeline.yaml'
  const text = await readFile(new URL(`../${file}`, import.meta.url), 'utf8')
  const { plan, findings } = compilePipeline(text, { file })
  if (!plan) throw new Error(`${file} has errors: ${JSON.stringify(findings)}`)
  return drawPipeline(plan, 'svg')
}

const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } })
for (const { file, text } of await generated()) {
  const name = fileURLToPath(file).slice(fileURLToPath(new URL('..', import.meta.url)).length)
  const present = await readFile(file, 'utf8').catch(() => undefined)
  if (present === text) continue
  if (values.check) {
    console.error(
      `${name} is ${present === undefined ? 'missing' : 'stale'}: run \`npm run generate\` and commit it`,
    )
    process.exitCode = 1
  } else {
    await writeFile(file, text)
    console.log(`${name} written`)
  }
}
