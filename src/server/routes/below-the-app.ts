import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { codeOf } from '../../base/causes.ts'
import { ApiProblem } from '../services/problems.ts'
import { problemResponse } from './problem-response.ts'

/** What Node says of bytes that it cannot take for a request; anything else is a 400. */
const refusals: Readonly<Record<string, readonly [status: number, code: string, detail: string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'headers_too_large', 'The headers are over the limit of 16 KiB'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [413, 'body_too_large', "The extensions of the body's chunks are too long"],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'request_timeout', 'The request did not arrive in time'],
}

/** Has what Node refuses before there is a request answered with a problem document, too. */
export function tellProblemsBelow(server: Server): void {
  server.on('clientError', (error, socket) => {
    const [status, code, detail] = refusals[codeOf(error) ?? ''] ?? [
      400,
      'malformed_request',
      'This is no HTTP request that can be read',
    ]
    void refuse(socket, new ApiProblem(status, code, detail))
  })
  server.on('checkExpectation', (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const expected = String(incoming.headers.expect).slice(0, 60)
    const detail = `Expected ${JSON.stringify(expected)}; only 100-continue is known`
    const problem = problemResponse(new ApiProblem(417, 'unknown_expectation', detail))
    void problem.text().then((body) => {
      outgoing
        .writeHead(problem.status, { ...Object.fromEntries(problem.headers), Connection: 'close' })
        .end(body)
    })
  })
}

async function refuse(socket: Duplex, problem: ApiProblem): Promise<void> {
  const body = await problemResponse(problem).text()
  // An answer that has begun cannot become another one. Node keeps it here, for itself and for this.
  const begun = (socket as { _httpMessage?: ServerResponse })._httpMessage?.headersSent ?? false
  if (!socket.writable || begun) {
    socket.destroy()
    return
  }
  const head = [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy())
}

/** HTTP/1.1 demands a Host, HTTP/1.0 knows none. */
export function hostProblem(incoming: IncomingMessage): ApiProblem | undefined {
  if (incoming.headers.host !== undefined || incoming.httpVersion === '1.0') return undefined
  return new ApiProblem(400, 'host_required', 'The header Host is missing')
}
