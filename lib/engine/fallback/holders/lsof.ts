import type { HoldersArguments } from '../../../../binding.js'
import type { HolderSteps } from './steps.js'

// biome-ignore lint/correctness/useYield: not written yet
export function* lsofSteps(..._: HoldersArguments): HolderSteps {
  return { sockets: [], processes: [] }
}
