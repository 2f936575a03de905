import { expect, test } from 'vitest'
import { claimPort, findFreePort, tryPort } from '../../../src/dev-stack/temporal-cli/free-port.ts'
import { startProcess } from '../../helpers/processes.ts'

const freePortModule = new URL('../../../src/dev-stack/temporal-cli/free-port.ts', import.meta.url)

/** Another process that is given a port, and listens on it no more than a server that is down. */
async function startOwner() {
  const script = `
    const { findFreePort } = await import('${freePortModule}')
    console.log(JSON.stringify({ event: 'given', port: await findFreePort() }))
    setInterval(() => {}, 1_000)`
  const owner = startProcess(process.execPath, ['--input-type=module', '--eval', script], {})
  const { port } = await owner.event('given')
  return { owner, port: Number(port) }
}

test('a port that was given is kept while nobody listens on it, until its owner is gone', async () => {
  const { owner, port } = await startOwner()
  expect(await tryPort('127.0.0.1', port)).toBe('free')
  expect(await claimPort(port)).toBe(false)
  await owner.kill()
  expect(await claimPort(port)).toBe(true)
  expect(await claimPort(port)).toBe(true)
})

test('no port is given twice', async () => {
  const ports = await Promise.all(Array.from({ length: 300 }, () => findFreePort()))
  expect(new Set(ports).size).toBe(ports.length)
})
