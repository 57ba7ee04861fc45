// The sets of ports in the settings: the ports to try first, and the ports to choose from.

import type { PortBits } from '../../binding.js'
import type { PortSpec } from '../types.js'
import type { Environment } from './environment.js'
import { optionValue } from './options.js'
import { portBits, portsInOrder } from './port-bits.js'
import { addPortSpec, type PortIntervals, type TokenMeaning } from './port-spec.js'
import type { Source } from './settings.js'
import { SETTINGS, type VariableName } from './table.js'
import { CHROME_UNSAFE_PORTS, FIREFOX_UNSAFE_PORTS, UNSAFE_PORTS } from './unsafe-ports.js'

/** The ports to try first, in order. */
export function readPrepended(source: Source): Uint16Array {
  return portsInOrder(readSet('prepend', source))
}

/** The ports that are included and not excluded. If no port is included, the default range is. */
export function readAllowed(source: Source): PortBits {
  const include = readSet('include', source)
  const exclude = readSet('exclude', source)
  addUnsafe(exclude, source.environment)
  return portBits(include.length > 0 ? include : undefined, exclude)
}

function addUnsafe(to: PortIntervals, environment: Environment): void {
  const {
    PORT4ME_EXCLUDE_UNSAFE: unsafe,
    PORT4ME_EXCLUDE_UNSAFE_CHROME: chrome,
    PORT4ME_EXCLUDE_UNSAFE_FIREFOX: firefox,
  } = environment
  if (unsafe === undefined && chrome === undefined && firefox === undefined) {
    to.push(...UNSAFE_PORTS)
  } else {
    const spec = unsafe ?? '{chrome},{firefox}'
    addPortSpec(to, spec, 'PORT4ME_EXCLUDE_UNSAFE', tokensIn(environment))
  }
}

/** The ports of an option, or else of its variable, together with those of its `_SITE` variable. */
function readSet(option: 'prepend' | 'include' | 'exclude', source: Source): PortIntervals {
  const { variable, site } = SETTINGS[option]
  const { environment, nameOf } = source
  const tokens = tokensIn(environment)
  const ports: PortIntervals = []
  const spec = optionValue(source.options, option)
  if (spec !== undefined) addPortSpec(ports, spec as PortSpec, nameOf(option), tokens)
  else addPortSpec(ports, environment[variable] ?? '', variable, tokens)
  addPortSpec(ports, environment[site] ?? '', site, tokens)
  return ports
}

/** The meaning of the tokens in a set of ports. */
export function tokensIn(environment: Environment): TokenMeaning {
  return (token) => {
    switch (token) {
      case '{chrome}':
        return meaning('PORT4ME_EXCLUDE_UNSAFE_CHROME', CHROME_UNSAFE_PORTS)
      case '{firefox}':
        return meaning('PORT4ME_EXCLUDE_UNSAFE_FIREFOX', FIREFOX_UNSAFE_PORTS)
      default:
        return undefined
    }
  }

  function meaning(source: VariableName, byDefault: string) {
    return { spec: environment[source] ?? byDefault, source }
  }
}
