import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

/**
 * `node bench/profile.ts DIR`: what each process whose CPU profile `npm run bench -- --profile DIR` left there was busy with, by room of
 * `src/`, package and function: its own time, without what it called.
 */
interface CpuProfile {
  nodes: { id: number; callFrame: { functionName: string; url: string; lineNumber: number } }[]
  samples: number[]
  timeDeltas: number[]
}

/** A room of ours, a package, or a part of Node.js itself. */
function ownerOf(url: string, name: string): string {
  if (name === '(garbage collector)') return 'garbage collector'
  if (url.startsWith('node:')) return url.replace(/^node:(internal\/)?/, 'node:').split('/')[0] ?? url
  if (url === '') return name === '(program)' ? 'native code, threads' : 'V8'
  const inPackage = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1]
  if (inPackage) return inPackage
  return /\/(src\/[^/]+)/.exec(url)?.[1] ?? path.basename(url)
}

function sumUp({ nodes, samples, timeDeltas }: CpuProfile) {
  const byId = new Map(nodes.map((node) => [node.id, node.callFrame]))
  const owners = new Map<string, number>()
  const functions = new Map<string, number>()
  let all = 0
  for (const [index, id] of samples.entries()) {
    const frame = byId.get(id)
    const ms = (timeDeltas[index] ?? 0) / 1000
    if (!frame || frame.functionName === '(idle)') continue
    const owner = ownerOf(frame.url, frame.functionName)
    const place = `${owner} ${frame.functionName || '(anonymous)'}:${frame.lineNumber + 1}`
    all += ms
    owners.set(owner, (owners.get(owner) ?? 0) + ms)
    functions.set(place, (functions.get(place) ?? 0) + ms)
  }
  return { all, owners, functions }
}

const largest = (times: Map<string, number>, all: number, count: number): string =>
  [...times]
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, count)
    .map(([what, ms]) => `  ${((ms / all) * 100).toFixed(1).padStart(5)} %  ${what}`)
    .join('\n')

const [folder = '.'] = process.argv.slice(2)
for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).toSorted()) {
  if (!name.endsWith('.cpuprofile')) continue
  const profile = JSON.parse(readFileSync(path.join(folder, name), 'utf8')) as CpuProfile
  const program = profile.nodes
    .map(({ callFrame }) => /\/src\/((?:server|worker|handler-host)\.ts)$/.exec(callFrame.url)?.[1])
    .find(Boolean)
  const { all, owners, functions } = sumUp(profile)
  console.log(`${name}: ${program ?? 'other'}, ${(all / 1000).toFixed(1)} s busy`)
  console.log(`${largest(owners, all, 15)}\n  by function\n${largest(functions, all, 15)}\n`)
}
