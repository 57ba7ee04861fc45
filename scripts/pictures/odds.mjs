// How likely is it that two of N users have the same first port? Computes it, simulates it with the package's own sequences,
// and fails if the two differ by more than chance explains. Prints a table, and draws docs/images/odds-light.svg and
// -dark.svg.
//
//   node scripts/pictures/odds.mjs [FOLDER]

import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { THEMES, writePictures } from './svg.mjs'

// Without the variables of the person who draws the picture.
for (const name of Object.keys(process.env)) if (/^_?PORT4ME_/.test(name)) delete process.env[name]
const { listPorts } = createRequire(import.meta.url)('../..')

const MODULUS = 65537
const COUNTS = [2, 10, 20, 50, 100, 200, 300, 400, 500, 700, 1000]
const MOST = Math.max(...COUNTS)
const TRIALS = 2500
/** How many standard errors chance may explain. More happens once in 16,000 samples (normal distribution). */
const LIMIT = 4

const weights = firstPortWeights()
const ports = weights.filter((weight) => weight > 0).length
/** The chance that two users have the same first port. */
const chanceOfTwo = weights.reduce((sum, weight) => sum + (weight / MODULUS) ** 2, 0)
const simulated = simulate()
const rows = COUNTS.map((users) => {
  const shared = chanceOfShared(users)
  const met = shareWhoMeet(users)
  return { users, shared, met, simulated: simulated.get(users) }
})
report()
const [folder = fileURLToPath(new URL('../../docs/images', import.meta.url))] =
  process.argv.slice(2)
writePictures(folder, 'odds', picture)

/**
 * For each port, how many of the 65537 states of the generator lead to it as the first port. The states are about equally
 * likely for hashes of names. A port that follows ports that are never chosen gets their states too.
 */
function firstPortWeights() {
  // All candidates in their order. The order is a cycle, so the user does not matter.
  const order = listPorts(65536, { user: 'alice' })
  const cycle = order.slice(0, order.indexOf(order[0], 1))
  const allowed = new Set(cycle)
  const next = (state) => (75 * state + 74) % MODULUS
  const weights = new Array(65536).fill(0)
  for (let state = 0; state < MODULUS; state++) {
    let port = next(state)
    if (port === state) port = next(state + 1) // the only state that would stay
    while (!allowed.has(port)) port = next(port)
    weights[port]++
  }
  return weights
}

/** The birthday problem, for as many equally likely ports as give two users the same chance. */
function chanceOfShared(users) {
  let none = 1
  for (let i = 1; i < users; i++) none *= 1 - i * chanceOfTwo
  return 1 - none
}

/** The expected share of users whose first port somebody has who started before. User k finds k - 1 ports taken. */
function shareWhoMeet(users) {
  return ((users - 1) / 2) * chanceOfTwo
}

/** Users with random names start one after another, and each takes the first candidate that no other has. */
function simulate() {
  const random = randomNumbers(4)
  const sums = new Map(COUNTS.map((users) => [users, { shared: 0, met: 0, squares: 0 }]))
  for (let trial = 0; trial < TRIALS; trial++) {
    const firsts = new Set()
    const taken = new Set()
    const names = new Set()
    let met = 0
    while (names.size < MOST) {
      const user = randomName(random)
      if (names.has(user)) continue
      names.add(user)
      const candidates = listPorts(8, { user })
      firsts.add(candidates[0])
      if (taken.has(candidates[0])) met++
      taken.add(candidates.find((port) => !taken.has(port)))
      const sum = sums.get(names.size)
      if (sum === undefined) continue
      if (firsts.size < names.size) sum.shared++
      sum.met += met / names.size
      sum.squares += (met / names.size) ** 2
    }
  }
  return new Map(
    [...sums].map(([users, { shared, met, squares }]) => {
      const mean = met / TRIALS
      const variance = squares / TRIALS - mean ** 2
      return [users, { shared: shared / TRIALS, met: mean, error: Math.sqrt(variance / TRIALS) }]
    }),
  )
}

/** 5 to 10 small letters. (The hashes of shorter names differ more often than by chance.) */
function randomName(random) {
  const length = 5 + Math.floor(random() * 6)
  return Array.from({ length }, () => String.fromCharCode(97 + Math.floor(random() * 26))).join('')
}

/** Random numbers from 0 to 1, the same at each run: mulberry32. */
function randomNumbers(seed) {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let bits = Math.imul(state ^ (state >>> 15), 1 | state)
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32
  }
}

function report() {
  const percent = (share, digits) => `${(100 * share).toFixed(digits)}%`
  console.log(
    `${ports} ports; two users have the same first port once in ${Math.round(1 / chanceOfTwo)} cases`,
  )
  console.log(`${TRIALS} simulated machines\n`)
  console.log('users  two or more share a first port   users who find their first port taken')
  console.log('         computed  simulated                computed  simulated')
  let failed = false
  for (const { users, shared, met, simulated } of rows) {
    const error = Math.sqrt((shared * (1 - shared)) / TRIALS)
    // A chance that is too small to be seen in so many trials may be off by one of them.
    const differs =
      Math.abs(simulated.shared - shared) > LIMIT * error + 1 / TRIALS ||
      Math.abs(simulated.met - met) > LIMIT * simulated.error + 1 / (TRIALS * users)
    failed ||= differs
    console.log(
      [
        String(users).padStart(5),
        percent(shared, 1).padStart(12),
        percent(simulated.shared, 1).padStart(11),
        percent(met, 3).padStart(24),
        percent(simulated.met, 3).padStart(11),
        differs ? '  DIFFERS' : '',
      ].join(''),
    )
  }
  if (failed) throw new Error('the simulation does not agree with the formula')
}

function picture(theme) {
  const { ground, text, dim, border, accent, second } = THEMES[theme]
  const [width, height] = [640, 560]
  const points = Array.from({ length: 201 }, (_, i) => Math.max(1, (i * MOST) / 200))
  const panels = [
    {
      top: 50,
      title: 'Chance that two or more users have the same first port',
      most: 1,
      ticks: [0, 0.25, 0.5, 0.75, 1],
      color: accent,
      of: chanceOfShared,
      seen: ({ simulated }) => simulated.shared,
    },
    {
      top: 330,
      title: 'Share of users who find their first port taken, on average',
      most: 0.01,
      ticks: [0, 0.0025, 0.005, 0.0075, 0.01],
      color: second,
      of: shareWhoMeet,
      seen: ({ simulated }) => simulated.met,
    },
  ]
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="Two charts: the chance that two of up to 1000 users have the same first port, and the share of users who find theirs taken">`,
    `<style>text { font: 14px system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif; fill: ${text} } .head { font-weight: 600 } .dim { fill: ${dim}; font-size: 13px }</style>`,
    `<rect x=".5" y=".5" width="${width - 1}" height="${height - 1}" rx="10" fill="${ground}" stroke="${border}"/>`,
    ...panels.flatMap((panel) => drawPanel(panel, border)),
    '</svg>',
  ].join('\n')}\n`

  function drawPanel({ top, title, most, ticks, color, of, seen }, border) {
    const [left, right, tall] = [70, width - 24, 170]
    const x = (users) => Math.round((left + (users / MOST) * (right - left)) * 10) / 10
    const y = (share) => Math.round((top + tall - (share / most) * tall) * 10) / 10
    const line = points.map((users) => `${x(users)} ${y(of(Math.round(users)))}`).join('L')
    const label = (share) => `${Number((100 * share).toFixed(2))}%`
    return [
      `<text x="${left}" y="${top - 18}" class="head">${title}</text>`,
      ...ticks.map(
        (share) =>
          `<path d="M${left} ${y(share)}H${right}" stroke="${border}"/><text class="dim" x="${left - 8}" y="${y(share) + 4}" text-anchor="end">${label(share)}</text>`,
      ),
      ...[0, 200, 400, 600, 800, 1000].map(
        (users) =>
          `<text class="dim" x="${x(users)}" y="${top + tall + 20}" text-anchor="middle">${users}</text>`,
      ),
      `<text class="dim" x="${right}" y="${top + tall + 40}" text-anchor="end">users of the machine</text>`,
      `<path d="M${line}" fill="none" stroke="${color}" stroke-width="2.5"/>`,
      ...rows.map(
        (row) =>
          `<circle cx="${x(row.users)}" cy="${y(seen(row))}" r="4" fill="${ground}" stroke="${color}" stroke-width="2"/>`,
      ),
      `<text class="dim" x="${left}" y="${top + tall + 40}">line: computed; circles: ${TRIALS.toLocaleString('en')} simulated machines</text>`,
    ]
  }
}
