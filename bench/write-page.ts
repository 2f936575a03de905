import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { renderPage } from './page.ts'
import type { Results } from './results.ts'

/** `node bench/write-page.ts bench/reports/DATE.json`: writes docs/performance.md from that report. */
const docs = path.resolve(import.meta.dirname, '..', 'docs')
const [file] = process.argv.slice(2)
if (!file?.endsWith('.json')) {
  process.stderr.write('usage: node bench/write-page.ts bench/reports/DATE.json\n')
  process.exit(2)
}
const results = JSON.parse(await readFile(file, 'utf8')) as Results
const report = path
  .relative(docs, path.resolve(file))
  .replace(/\.json$/, '')
  .split(path.sep)
  .join('/')
await writeFile(path.join(docs, 'performance.md'), renderPage(results, report))
