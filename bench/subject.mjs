// One package in a process of its own: told what to do by bench/run.mjs, as often as fits in a
// slice of time, it answers with the time that one call took.

const SLICE_MS = 40

const { default: adapter } = await import(`./adapters/${process.argv[2]}.mjs`)

process.on('message', async ({ question, ports }) => {
  try {
    process.send(await measure(question, ports))
  } catch (error) {
    process.send({ failure: String(error?.message ?? error) })
  }
})
process.send({ ready: Object.keys(adapter) })

async function measure(question, ports) {
  const expected = ports.at(-1)
  if (question === 'free') adapter.prepare?.(expected)
  const isRight = (answer) => (adapter.anyPort ? answer > 0 : answer === expected)
  const ask = () => adapter[question](question === 'free' ? expected : ports)
  // An answer that is no promise is not awaited: waiting would be the larger part of its time.
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
