// A stand-in for the API server: listens on JOBWRIGHT_PORT, says so, answers /readyz; /die ends it the hard way.
import { createServer } from 'node:http'

const server = createServer((request, response) => {
  if (request.url === '/die') process.kill(process.pid, 'SIGKILL')
  if (request.url === '/environment') return response.end(JSON.stringify(process.env))
  response.end('ok')
})
server.listen(Number(process.env.JOBWRIGHT_PORT), '127.0.0.1', () => {
  console.log(JSON.stringify({ event: 'listening', url: process.env.JOBWRIGHT_URL }))
})
process.on('disconnect', () => process.exit(0))
process.on('SIGTERM', () => {
  console.error('server stops')
  process.exit(0)
})
