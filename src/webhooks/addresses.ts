import { BlockList, isIP, isIPv4 } from 'node:net'

/** What an address is, where it is none of the public internet. */
export type AddressKind =
  | 'of this machine'
  | 'private'
  | 'link-local'
  | 'shared by a carrier'
  | 'a multicast address'
  | 'of a metadata service'
  | 'reserved'

const ranges: readonly (readonly [AddressKind, ...string[]])[] = [
  ['of this machine', '127.0.0.0/8', '0.0.0.0/8', '::1/128', '::/128'],
  // Public by its number, and answered by the host of a virtual machine alone.
  [
    'of a metadata service',
    '169.254.169.254/32',
    '168.63.129.16/32',
    '100.100.100.200/32',
    'fd00:ec2::254/128',
  ],
  ['private', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7', 'fec0::/10'],
  ['link-local', '169.254.0.0/16', 'fe80::/10'],
  ['shared by a carrier', '100.64.0.0/10'],
  ['a multicast address', '224.0.0.0/4', 'ff00::/8'],
  [
    'reserved',
    ...['192.0.0.0/24', '192.0.2.0/24', '192.88.99.0/24', '198.18.0.0/15', '198.51.100.0/24'],
    ...['203.0.113.0/24', '240.0.0.0/4'],
    // Tunnels and translations that hide an address, documentation, and what nobody was given.
    ...['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'],
  ],
]

/** Of IPv6 this alone is given out; `64:ff9b::/96` holds a public IPv4 address, and is looked into. */
const global = blockList(['2000::/3'])
const kinds = ranges.map(([kind, ...blocks]) => ({ kind, list: blockList(blocks) }))

function blockList(blocks: readonly string[]): BlockList {
  const list = new BlockList()
  for (const block of blocks) {
    const [network = '', length = ''] = block.split('/')
    list.addSubnet(network, Number(length), isIPv4(network) ? 'ipv4' : 'ipv6')
  }
  return list
}

const isIn = (list: BlockList, address: string): boolean =>
  list.check(address, isIPv4(address) ? 'ipv4' : 'ipv6')

/** @param address IPv4 or IPv6, as text. @returns undefined for one of the public internet */
export function kindOfAddress(address: string): AddressKind | undefined {
  if (isIP(address) === 0 || address.includes('%')) return 'reserved'
  const inner = isIPv4(address) ? address : embeddedIPv4(address)
  const looked = inner ?? address
  const found = kinds.find(({ list }) => isIn(list, looked))
  if (found) return found.kind
  return isIPv4(looked) || isIn(global, looked) ? undefined : 'reserved'
}

/** Of an address that stands for one of IPv4: mapped (`::ffff:0:0/96`), or translated on the way (`64:ff9b::/96`). */
function embeddedIPv4(address: string): string | undefined {
  const words = wordsOf(address)
  const head = words.slice(0, 6).join(':')
  if (head !== '0:0:0:0:0:ffff' && head !== '64:ff9b:0:0:0:0') return undefined
  const [high = 0, low = 0] = words.slice(6).map((word) => Number.parseInt(word, 16))
  return [high >> 8, high & 255, low >> 8, low & 255].join('.')
}

/** The eight words of an IPv6 address, without leading zeros. */
function wordsOf(address: string): string[] {
  // The one notation that the URL standard has for it.
  const text = new URL(`http://[${address}]`).hostname.slice(1, -1)
  const [before = '', after] = text.split('::')
  const left = before === '' ? [] : before.split(':')
  const right = after === undefined || after === '' ? [] : after.split(':')
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => '0')
  return [...left, ...zeros, ...right]
}
