// The modules that rest.ts shares with the file that loads it (later.ts): those with state, the error class, and those
// that both files need. scripts/bundle.mjs makes sure that rest.js has no copy of them. If a file in dist/ may load
// rest.js, its entry point imports this module.

import * as core from './core.js'
import { shareCore } from './later.js'

export { builtin } from './builtin.js'
export { currentEngine, holdersEngine, reportOnEngine, warnInBundle } from './engine/engine.js'
export { asSystemError, isPlainObject, Port4meError, printable, quote } from './errors.js'
export { later } from './later.js'
export { foundPort, pickFrom } from './port4me.js'
export { readEnvironment, readVariable, setSharedVariable } from './settings/environment.js'
export { portsInOrder } from './settings/port-bits.js'
export { sourced } from './settings/reading.js'
export { readSettings, searchFor } from './settings/settings.js'
export { OPTIONS, SETTINGS } from './settings/table.js'
export { clearTimeout, hrtime, nextTurn, setTimeout } from './timers.js'

shareCore(core)
