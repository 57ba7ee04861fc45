// port4me env: the ports of all declared services, as variables.

import { write } from '../output.js'
import { variableOf } from '../services/declared.js'
import { listDeclared, portOfService, type Service } from '../services/services.js'
import { parseEnvLine } from './commands.js'
import { flagOf } from './flags.js'
import { printHelp } from './help.js'
import { noneDeclared } from './services.js'

/** Answers `port4me env`. Returns the exit status. */
export function envCommand(args: readonly string[]): number {
  const { options, form, help } = parseEnvLine(args)
  if (help) return printHelp('env')
  const services = listDeclared(options, flagOf)
  if (services.length === 0) write(2, `port4me: ${noneDeclared(options)}\n`)
  const ports = services.map((service) => [variableFor(service), portOfService(service)] as const)
  if (form === 'json') {
    write(1, `${JSON.stringify(Object.fromEntries(ports))}\n`)
  } else {
    // Names are identifiers and values are numbers, so no shell and no dotenv file needs quotes.
    const before = form === 'export' ? 'export ' : ''
    write(1, ports.map(([name, port]) => `${before}${name}=${port}\n`).join(''))
  }
  return 0
}

/** The variable for the port of a service. */
export function variableFor({ declared, name }: Service): string {
  return declared?.env ?? variableOf(name)
}
