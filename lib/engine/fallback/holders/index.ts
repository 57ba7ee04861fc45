// Finds the sockets of ports and the processes that have them: holders() of binding.d.ts.

import type { HoldersArguments } from '../../../../binding.js'
import { lsofSteps } from './lsof.js'
import { netstatSteps } from './netstat.js'
import { procSteps } from './proc.js'
import type { HolderSteps } from './steps.js'

export function holderSteps(...args: HoldersArguments): HolderSteps {
  switch (process.platform) {
    case 'linux':
    case 'android':
      return procSteps(...args)
    case 'win32':
      return netstatSteps(...args)
    default:
      return lsofSteps(...args)
  }
}
