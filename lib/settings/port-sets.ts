// The sets of ports in the settings: the ports to try first, and the ports to choose from.

import type { PortBits } from '../../binding.js'
import { later } from '../later.js'
import { optionValue } from './options.js'
import { portBits, portsInOrder } from './port-bits.js'
import type { PortIntervals } from './port-spec.js'
import type { Source } from './settings.js'
import { SETTINGS } from './table.js'
import { UNSAFE_PORTS } from './unsafe-ports.js'

/** The ports to try first, in order. */
export function readPrepended(source: Source): Uint16Array {
  return portsInOrder(readSet('prepend', source))
}

/** The ports that are included and not excluded. If no port is included, the default range is. */
export function readAllowed(source: Source): PortBits {
  const include = readSet('include', source)
  const exclude = [...readSet('exclude', source), ...readUnsafe(source)]
  return portBits(include.length > 0 ? include : undefined, exclude)
}

/** The ports of an option, or else of its variable, together with those of its `_SITE` variable. */
function readSet(option: 'prepend' | 'include' | 'exclude', source: Source): PortIntervals {
  const { variable, site } = SETTINGS[option]
  const { environment } = source
  const isGiven =
    optionValue(source.options, option) !== undefined ||
    environment[variable] !== undefined ||
    environment[site] !== undefined
  return isGiven ? later().parseSet(option, source) : []
}

function readUnsafe({ environment }: Source): readonly number[] {
  const isDefault =
    environment.PORT4ME_EXCLUDE_UNSAFE === undefined &&
    environment.PORT4ME_EXCLUDE_UNSAFE_CHROME === undefined &&
    environment.PORT4ME_EXCLUDE_UNSAFE_FIREFOX === undefined
  return isDefault ? UNSAFE_PORTS : later().parseUnsafe(environment)
}
