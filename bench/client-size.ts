import { gzipSync } from 'node:zlib'
import { rolldown } from 'rolldown'

/** What a page loads that asks a Jobs API: the client in a bundle for browsers, minified. `node bench/client-size.ts` prints it. */

export interface ClientBundle {
  bytes: number
  gzipBytes: number
  /** Files of ours and of packages, in the order of what they add. */
  modules: { file: string; bytes: number }[]
  /** What it would load beside itself: nothing. */
  imports: string[]
  code: string
}

const page = `import { JobsClient } from 'jobwright/client'
globalThis.client = new JobsClient({ baseUrl: '/api/v1', token: 'TOKEN' })`

/** @param client the file behind `jobwright/client` */
export async function bundleClient(
  client: string,
  platform: 'browser' | 'node' = 'browser',
): Promise<ClientBundle> {
  const entry = '\0page'
  const build = await rolldown({
    input: entry,
    platform,
    // What is not there stays an import.
    onLog: () => {},
    plugins: [
      {
        name: 'page',
        resolveId: (id) => (id === entry ? id : id === 'jobwright/client' ? client : undefined),
        load: (id) => (id === entry ? page : undefined),
      },
    ],
  })
  const { output } = await build.generate({ format: 'esm', minify: true })
  await build.close()
  const [chunk] = output
  return {
    bytes: Buffer.byteLength(chunk.code),
    gzipBytes: gzipSync(chunk.code, { level: 9 }).byteLength,
    modules: Object.entries(chunk.modules)
      .map(([file, { renderedLength }]) => ({ file, bytes: renderedLength }))
      .toSorted((a, b) => b.bytes - a.bytes),
    imports: output.flatMap((one) => (one.type === 'chunk' ? [...one.imports, ...one.dynamicImports] : [])),
    code: chunk.code,
  }
}

if (import.meta.main) {
  const { bytes, gzipBytes, modules } = await bundleClient(
    new URL('../src/public/client.ts', import.meta.url).pathname,
  )
  console.log(`${bytes} bytes minified, ${gzipBytes} with gzip; the largest parts, before they are minified:`)
  for (const { file, bytes: own } of modules.slice(0, 12)) console.log(String(own).padStart(8), file)
}
