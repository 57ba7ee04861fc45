// Stops a run of Vitest if the build is older than the sources.

import { isUpToDate, PRODUCTS } from '../../scripts/products.mjs'

export default function setup() {
  // With this variable another addon is tested, which is not checked here.
  const names = process.env.PORT4ME_PREBUILD ? ['js'] : Object.keys(PRODUCTS)
  const stale = names.filter((name) => !isUpToDate(name))
  if (stale.length === 0) return
  const say = stale.map((name) => {
    const { results, sources, command } = PRODUCTS[name]
    return `${results.join(', ')}: not built from the current ${sources.join(', ')}; run: ${command}`
  })
  throw new Error(`the tests would test an old build:\n  ${say.join('\n  ')}`)
}
