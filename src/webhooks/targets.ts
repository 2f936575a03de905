import { BlockList, isIP, isIPv4 } from 'node:net'
import { kindOfAddress } from './addresses.ts'

/** Where a webhook goes. */
export interface Target {
  /** As the URL has it, an IPv6 address without brackets. */
  hostname: string
  port: number
}

/** Receivers that the operator vouches for, though their addresses are none of the public internet. */
export interface AllowedTargets {
  /** The operator means this name, whatever its addresses are. */
  allowsName(target: Target): boolean
  allowsAddress(address: string, port: number): boolean
}

interface Entry {
  port: number | undefined
  name?: string
  block?: BlockList
}

/** `[IPv6]:port`, IPv6 with or without a length, and what has no colon but that of a port. */
const forms = [
  /^\[(?<host>[0-9a-f:.]+)\](?::(?<port>\d{1,5}))?$/i,
  /^(?<host>[0-9a-f.]*:[0-9a-f.]*:[0-9a-f:.]*)(?:\/(?<length>\d{1,3}))?$/i,
  /^(?<host>[^\s:/@[\]]+)(?:\/(?<length>\d{1,3}))?(?::(?<port>\d{1,5}))?$/,
]

/** What an entry of `notificationTargets` is; undefined for what is none. */
function parseTarget(text: string): Entry | undefined {
  const groups = forms.map((form) => form.exec(text)?.groups).find((found) => found !== undefined)
  const host = groups?.['host']
  const port = groups?.['port'] === undefined ? undefined : Number(groups['port'])
  const length = groups?.['length'] === undefined ? undefined : Number(groups['length'])
  if (host === undefined || (port !== undefined && (port < 1 || port > 65535))) return undefined
  const version = isIP(host)
  if (version === 0) {
    const name = hostnameOf(host)
    // Digits and dots that are no address were meant to be one.
    const isName = name !== undefined && isIP(name) === 0 && !host.includes(':') && length === undefined
    return isName ? { port, name } : undefined
  }
  const bits = version === 4 ? 32 : 128
  if (length !== undefined && length > bits) return undefined
  const block = new BlockList()
  block.addSubnet(host, length ?? bits, version === 4 ? 'ipv4' : 'ipv6')
  return { port, block }
}

function hostnameOf(host: string): string | undefined {
  try {
    return new URL(`http://${host}`).hostname.replace(/\.$/, '')
  } catch {
    return undefined
  }
}

/** What is wrong with an entry of `notificationTargets`, as the end of a sentence. */
export function targetProblem(text: unknown): string | undefined {
  if (typeof text === 'string' && parseTarget(text)) return undefined
  return 'is no receiver; expected a host, host:port, address or block, such as hooks.internal, 127.0.0.1:9000 or 10.1.0.0/16'
}

/** @param entries each one without a `targetProblem`: names, addresses and blocks, with a port or for every port */
export function allowedTargets(entries: readonly string[]): AllowedTargets {
  const parsed = entries.flatMap((entry) => parseTarget(entry) ?? [])
  const fits = (entry: Entry, port: number) => entry.port === undefined || entry.port === port
  return {
    allowsName: ({ hostname, port }) =>
      parsed.some((entry) => entry.name === hostname.replace(/\.$/, '') && fits(entry, port)),
    allowsAddress: (address, port) =>
      isIP(address) !== 0 &&
      parsed.some(
        (entry) =>
          entry.block?.check(address, isIPv4(address) ? 'ipv4' : 'ipv6') === true && fits(entry, port),
      ),
  }
}

/** Whether an address may be connected to, or what it is that it may not. */
export function addressProblem(
  address: string,
  { port }: Target,
  allowed: AllowedTargets,
): string | undefined {
  const kind = kindOfAddress(address)
  return kind === undefined || allowed.allowsAddress(address, port) ? undefined : kind
}

export type TargetProblem = { code: 'bad_webhook_url' | 'private_receiver'; message: string; fix: string }

/** The target of a URL, or why no webhook goes there. Of what the URL says nothing is repeated. */
export function readTarget(text: string): { url: URL; target: Target } | { problem: TargetProblem } {
  const bad = (message: string, fix: string) => ({
    problem: { code: 'bad_webhook_url' as const, message, fix },
  })
  let url: URL
  try {
    url = new URL(text)
  } catch {
    return bad('is no URL', 'write one such as https://hooks.example.com/batch')
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    return bad(`has the scheme ${url.protocol.slice(0, -1)}`, 'use https, or http')
  if (url.username !== '' || url.password !== '')
    return bad('holds credentials', 'leave them out: name secrets that sign, or put a secret into the path')
  const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port)
  return { url, target: { hostname: url.hostname.replace(/^\[(.*)\]$/, '$1'), port } }
}

/** What can be said of a URL without asking DNS. */
export function urlProblem(text: string, allowed: AllowedTargets): TargetProblem | undefined {
  const read = readTarget(text)
  if ('problem' in read) return read.problem
  const { target } = read
  if (allowed.allowsName(target)) return undefined
  const { hostname } = target
  const isLocalName = /(^|\.)localhost\.?$/.test(hostname)
  const addresses = isLocalName ? ['127.0.0.1', '::1'] : isIP(hostname) === 0 ? [] : [hostname]
  const kinds = addresses.map((address) => addressProblem(address, target, allowed))
  const [kind] = kinds
  return kind === undefined || kinds.includes(undefined) ? undefined : privateReceiver(kind, target)
}

/** @param target absent where it may be a secret */
export function privateReceiver(kind: string, target?: Target): TargetProblem {
  const host = target?.hostname.includes(':') ? `[${target.hostname}]` : target?.hostname
  const entry = target ? `'${host}:${target.port}'` : 'its host and port'
  return {
    code: 'private_receiver',
    message: `goes to an address that is ${kind}`,
    fix: `if that is meant, add ${entry} to notificationTargets in the jobwright.config.ts of the workers`,
  }
}
