// The sets of ports that settings name: those to try first, and those to choose among.

import type { PortBits } from '../../binding.js'
import type { PortSpec } from '../types.js'
import type { Environment } from './environment.js'
import { given } from './given.js'
import { portBits, portsInOrder } from './port-bits.js'
import { addPortSpec, addPorts, type PortIntervals, type TokenMeaning } from './port-spec.js'
import type { Source } from './settings.js'
import { SETTINGS, type VariableName } from './table.js'
import { CHROME_UNSAFE_PORTS, FIREFOX_UNSAFE_PORTS } from './unsafe-ports.js'
