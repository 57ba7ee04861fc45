// Leases ports, prints them, and holds them until it is killed or its input ends. On a shared network another program may
// have one of the ports for a moment. So it tries again for `patience` milliseconds.

const [root, count, tool, patience = '0'] = process.argv.slice(2)
const { leasePorts } = require(root)
const leases = leaseWithin(Number(patience))
console.log(JSON.stringify(leases.map(({ port }) => port)))
process.stdin.resume()
process.stdin.on('end', () => process.exit(leases.length === 0 ? 1 : 0))

function leaseWithin(milliseconds) {
  for (const end = Date.now() + milliseconds; ; pause(20)) {
    try {
      return leasePorts(Number(count), tool)
    } catch (error) {
      if (error.code !== 'ERR_NO_FREE_PORT' || Date.now() >= end) throw error
    }
  }
}

function pause(milliseconds) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds)
}
