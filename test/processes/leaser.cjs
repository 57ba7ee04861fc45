// Leases ports, tells them, and holds them until it is killed or its input ends.

const [root, count, tool] = process.argv.slice(2)
const { leasePorts } = require(root)
const leases = leasePorts(Number(count), tool)
console.log(JSON.stringify(leases.map(({ port }) => port)))
process.stdin.resume()
process.stdin.on('end', () => process.exit(leases.length === 0 ? 1 : 0))
