import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
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
  ]
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
