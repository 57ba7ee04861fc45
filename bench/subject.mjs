// Measures one package in a process of its own. bench/run.mjs sends a question. This process makes the call as often as
// possible in a slice of time, and answers with the time of one call.

const SLICE_MS = 40

/** How many calls warm up before "fresh" is measured, and how many are measured: as in a short test run. */
const WARM_UP = 2000
const FRESH_CALLS = 1000

const { default: adapter } = await import(`./adapters/${process.argv[2]}.mjs`)

process.on('message', async ({ question, ports }) => {
  try {
    process.send(await (question === 'fresh' ? measureFresh(ports) : measure(question, ports)))
  } catch (error) {
    process.send({ failure: String(error?.message ?? error) })
  }
})
process.send({ ready: Object.keys(adapter) })

/** Measures calls with new options and another port each time. */
async function measureFresh(ports) {
  let others = 0
  const count = (answer, expected) => {
    if (adapter.anyPort || answer === expected) return
    others++ // another program may have the port for a moment
  }
  const ask = async (from, to) => {
    for (let i = from; i < to; i++) {
      const expected = ports[i]
      const answer = adapter.fresh(expected)
      count(typeof answer === 'number' ? answer : await answer, expected)
    }
  }
  await ask(0, WARM_UP)
  const start = performance.now()
  await ask(WARM_UP, WARM_UP + FRESH_CALLS)
  const nanoseconds = ((performance.now() - start) * 1e6) / FRESH_CALLS
  if (others > FRESH_CALLS / 100) throw new Error(`gave another port ${others} times`)
  return { nanoseconds }
}

async function measure(question, ports) {
  const expected = ports.at(-1)
  const isOne = question === 'free' || question === 'async'
  if (isOne) adapter.prepare?.(expected)
  const isRight = (answer) => (adapter.anyPort ? answer > 0 : answer === expected)
  const ask = () => adapter[question](isOne ? expected : ports)
  // An answer is awaited only if it is a promise, because awaiting would take most of the time.
  const first = ask()
  if (!isRight(await first)) throw new Error(`answered ${await first}, not ${expected}`)
  const synchronous = typeof first === 'number'
  const batch = question === 'all' || question === 'list' ? 1 : 50
  let calls = 0
  const start = performance.now()
  let now = start
  while (now < start + SLICE_MS) {
    if (synchronous) for (let i = 0; i < batch; i++) calls += isRight(ask()) ? 1 : Number.NaN
    else calls += isRight(await ask()) ? 1 : Number.NaN
    now = performance.now()
  }
  if (Number.isNaN(calls)) throw new Error('gave another answer')
  return { nanoseconds: ((now - start) * 1e6) / calls }
}
