// A stand-in for the worker. What it does after it said that it is ready, its argument says.
const [behaviour = 'stay'] = process.argv.slice(2)
if (behaviour === 'fail') {
  console.error('cannot reach the moon')
  process.exit(3)
}
const alive = setInterval(() => undefined, 1_000)
process.on('disconnect', () => process.exit(0))
process.on('SIGTERM', () => {
  if (behaviour === 'stubborn') return
  console.error('worker stops')
  clearInterval(alive)
  process.exit(0)
})
// Last of all: whoever reads this may end it at once.
console.log(JSON.stringify({ event: 'ready' }))
if (behaviour === 'crash') process.exit(1)
