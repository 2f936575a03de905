import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import { verifyWebhook } from 'jobwright'
import { hook } from './hook.ts'

/** Prints what it is told of pipeline runs, once it knows that nobody else says so. */
const server = createServer(async (request, response) => {
  const body = await text(request)
  try {
    const { id, type, data } = verifyWebhook({ headers: request.headers, body }, [hook.secret])
    console.log(`${type}  ${JSON.stringify(data)}  (${id})`)
    response.writeHead(204).end()
  } catch (error) {
    console.log(`refused: ${error instanceof Error ? error.message : String(error)}`)
    response.writeHead(401).end()
  }
})
server.listen(hook.port, '127.0.0.1', () => {
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : hook.port
  console.log(`listening on http://127.0.0.1:${port}`)
})
