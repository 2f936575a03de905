import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A wire to a server on which what it says can be held up; nothing is lost, and what is said to it passes at once. */
export interface LateWire {
  address: string
  hold(): void
  letGo(): void
  stop(): Promise<void>
}

/** @param address HOST:PORT */
export async function startLateWire(address: string): Promise<LateWire> {
  const [host = '', port = ''] = address.split(':')
  const sockets = new Set<Socket>()
  const ofServer = new Set<Socket>()
  let isHeld = false
  const server = createServer((near) => {
    const far = connect(Number(port), host)
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        ofServer.delete(socket)
        near.destroy()
        far.destroy()
      })
    }
    ofServer.add(far)
    near.pipe(far)
    far.on('data', (bytes) => near.write(bytes))
    if (isHeld) far.pause()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    hold() {
      isHeld = true
      for (const far of ofServer) far.pause()
    },
    letGo() {
      isHeld = false
      for (const far of ofServer) far.resume()
    },
    async stop() {
      server.close()
      for (const socket of sockets) socket.destroy()
      if (server.listening) await once(server, 'close')
    },
  }
}
