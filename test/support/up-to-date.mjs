// Stops a run of Vitest when what it would test was not built from the sources that are here.

import { isUpToDate, PRODUCTS } from '../../scripts/products.mjs'

export default function setup() {
  // With this variable the addon is another, which whoever set it has built.
  const names = process.env.PORT4ME_PREBUILD ? ['js'] : Object.keys(PRODUCTS)
  const stale = names.filter((name) => !isUpToDate(name))
  if (stale.length === 0) return
  const say = stale.map((name) => {
    const { results, sources, command } = PRODUCTS[name]
    return `${results.join(', ')}: not what ${sources.join(', ')} give; run: ${command}`
  })
  throw new Error(`the tests would test an old build:\n  ${say.join('\n  ')}`)
}
