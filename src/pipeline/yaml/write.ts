import { Document, Pair, Scalar, YAMLMap, YAMLSeq } from 'yaml'
import type { Node } from '../nodes/nodes.ts'

/** Nodes as a YAML file that is read as the same nodes. */
export function writeYaml(root: Node): string {
  const document = new Document()
  document.contents = write(root) as never
  return document.toString({ lineWidth: 0, aliasDuplicateObjects: false } as never)
}

function write(node: Node): Scalar | YAMLMap | YAMLSeq {
  switch (node.kind) {
    case 'scalar':
      return writeScalar(node.value)
    case 'list': {
      const list = new YAMLSeq()
      list.items = node.items.map(write)
      list.flow = node.items.every((item) => item.kind === 'scalar' && isShort(item.value))
      return list
    }
    case 'map': {
      const map = new YAMLMap()
      map.items = node.entries.map(({ key, value }) => new Pair(writeKey(key), write(value)))
      return map
    }
  }
}

type Plain = string | number | boolean | null

const isShort = (value: Plain): boolean => typeof value !== 'string' || /^[\w-]{1,30}$/.test(value)

function writeScalar(value: Plain): Scalar {
  const scalar = new Scalar<Plain>(value)
  // A whole number that is counted exactly no more is a float, and has to look like one.
  if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value))
    scalar.format = 'EXP'
  return scalar
}

function writeKey(key: string): Scalar {
  const scalar = new Scalar(key)
  // Quoted, no key is a merge, a number or a tag.
  if (!/^[A-Za-z_][\w-]*$/.test(key) || /^(true|false|null|yes|no|on|off|y|n)$/i.test(key))
    scalar.type = 'QUOTE_DOUBLE'
  return scalar
}
