// Sets of ports in options and variables.

import type { PortSpec } from '../types.js'
import type { Environment } from './environment.js'
import { ephemeralPorts } from './ephemeral-ports.js'
import { optionValue } from './options.js'
import { addPortSpec, type PortIntervals, type TokenMeaning } from './port-spec.js'
import type { Source } from './settings.js'
import { SETTINGS, type VariableName } from './table.js'
import { CHROME_UNSAFE_PORTS, FIREFOX_UNSAFE_PORTS } from './unsafe-port-lists.js'

/** The ports of an option, or else of its variable, together with those of its `_SITE` variable. */
export function parseSet(option: 'prepend' | 'include' | 'exclude', source: Source): PortIntervals {
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

/** The ports that browsers refuse, as the variables name them. */
export function parseUnsafe(environment: Environment): PortIntervals {
  const ports: PortIntervals = []
  const spec = environment.PORT4ME_EXCLUDE_UNSAFE ?? '{chrome},{firefox}'
  addPortSpec(ports, spec, 'PORT4ME_EXCLUDE_UNSAFE', tokensIn(environment))
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
      case '{ephemeral}':
        return { spec: ephemeralPorts(), source: token }
      default:
        return undefined
    }
  }

  function meaning(source: VariableName, byDefault: string) {
    return { spec: environment[source] ?? byDefault, source }
  }
}
