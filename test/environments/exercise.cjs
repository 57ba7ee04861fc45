// Calls the package as an app does, in any environment, and tells what became of each call.

/** No call may take longer, whatever is missing. */
const LIMIT_MS = 5_000
/** Jest fakes those of globalThis. */
const { setTimeout, clearTimeout } = process.getBuiltinModule?.('node:timers') ?? globalThis

/** Machines that run several tests at once take longer to start a thread. */
const TOLERANCE_MS = 1_500

/**
 * The parts are given, and not required here, so that each app loads them in its own way.
 *
 * @returns {Promise<object>} the engine, and for each call its result, its error or that it took too long
 */
async function exercise({ port4me, getPort, http }) {
  const warnings = []
  process.on('warning', ({ code }) => {
    if (code?.startsWith('PORT4ME_')) warnings.push(code)
  })

  const calls = {}
  /** Makes a call, which must give what `isRight` accepts. */
  async function call(name, make, isRight) {
    const start = Date.now()
    let timer
    try {
      const tooLate = new Promise((_resolve, reject) => {
        timer = setTimeout(() => reject(new Error('does not settle')), LIMIT_MS + TOLERANCE_MS)
      })
      const value = await Promise.race([make(), tooLate])
      calls[name] = isRight(value) ? 'works' : { wrong: String(value) }
      return value
    } catch (error) {
      const { name: kind, code, message } = error
      calls[name] = { error: kind, code, message }
    } finally {
      clearTimeout(timer)
      const took = Date.now() - start
      if (took > LIMIT_MS + TOLERANCE_MS) calls[name] = { wrong: `took ${took} ms` }
    }
  }

  const isPort = (value) => Number.isInteger(value) && value >= 1 && value <= 65535
  await call('port4me', () => port4me.port4me(), isPort)
  await call('port4meAsync', () => port4me.port4meAsync(), isPort)
  await call(
    'isFreeUdp',
    () => port4me.isFreeUdp(54321),
    (value) => typeof value === 'boolean',
  )
  await call('getPort', () => getPort(), isPort)
  const lease = await call(
    'leasePort',
    () => {
      port4me.leasePort().release()
      return port4me.leasePort(`environment ${process.pid}`)
    },
    (value) => isPort(value.port),
  )
  const taken = lease?.port ?? 54321
  await call(
    'probe',
    () => port4me.probe(taken),
    ([status]) => status.port === taken && (lease === undefined || !status.free),
  )
  let served
  if (lease !== undefined) {
    const server = http.createServer((_request, response) => response.end('served'))
    await call(
      'lease.listen',
      () => lease.listen(server),
      (value) => value === server,
    )
    served = await get(lease.port, http).catch(({ message }) => message)
    server.closeAllConnections()
    server.close()
  }

  let engine
  try {
    engine = port4me.engine
  } catch ({ code }) {
    engine = code
  }
  await new Promise((resolve) => setTimeout(resolve, 10)) // for the warnings
  return { engine, calls, served, warnings }
}

/** What a client gets. */
async function get(port, http) {
  let text = ''
  const response = await new Promise((resolve, reject) => {
    const request = http.get({ port, host: '127.0.0.1', agent: false })
    request.on('error', reject).on('response', resolve)
  })
  for await (const chunk of response) text += chunk
  return text
}

module.exports = { exercise }
