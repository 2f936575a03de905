import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { homedir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'

/** What another system is made of cannot be had here; its arm is left out, and the report says why. */
export class PeerMissing extends Error {}

/** Versions are named, so that two reports compare the same. */
export const peerPackages = {
  restate: { '@restatedev/restate-sdk': '1.17.2', '@restatedev/restate-server': '1.7.12' },
  dbos: { '@dbos-inc/dbos-sdk': '5.3.0' },
} as const
export type Peer = keyof typeof peerPackages

export const versionsOf = (peer: Peer): string =>
  Object.entries(peerPackages[peer])
    .map(([name, version]) => `${name} ${version}`)
    .join(', ')

const installTimeoutMs = 180_000

/**
 * Installs another system's packages into the user's cache, once for each version: they belong to no installation of ours.
 * @returns the folder that they are required from
 * @throws PeerMissing where they cannot be had
 */
export async function installPeer(peer: Peer): Promise<string> {
  const wanted = peerPackages[peer]
  const cache = process.env['XDG_CACHE_HOME'] || path.join(homedir(), '.cache')
  const key = Object.entries(wanted)
    .map(([name, version]) => `${name.replaceAll(/[@/]/g, '-')}-${version}`)
    .join('')
  const folder = path.join(cache, 'jobwright', 'bench', `${peer}${key}`)
  const complete = path.join(folder, '.complete')
  if (existsSync(complete)) return folder
  await mkdir(folder, { recursive: true })
  await writeFile(path.join(folder, 'package.json'), JSON.stringify({ private: true, dependencies: wanted }))
  const args = ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error']
  try {
    await promisify(execFile)('npm', args, { cwd: folder, timeout: installTimeoutMs })
  } catch (error) {
    const said =
      error instanceof Error ? (error.message.split('\n').filter(Boolean).at(-1) ?? '') : String(error)
    throw new PeerMissing(`${versionsOf(peer)} cannot be installed: ${said}`)
  }
  await writeFile(complete, '')
  return folder
}

/** Its module as it is; what of it is used is for the caller to say. */
export async function loadPeer<Module>(folder: string, name: string): Promise<Module> {
  const { resolve } = createRequire(path.join(folder, 'package.json'))
  return (await import(resolve(name))) as Module
}
