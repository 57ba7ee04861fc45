// port4me url: the URL of a service.

import { quote } from '../errors.js'
import { write } from '../output.js'
import { look, portOfService, readService, urlOf } from '../services/services.js'
import { parseUrlLine } from './commands.js'
import { flagOf } from './flags.js'
import { printHelp } from './help.js'
import { fail } from './report.js'

/** Answers `port4me url`. Returns the exit status: 1 if the service has no URL. */
export function urlCommand(args: readonly string[]): number {
  const { name, options, json, help } = parseUrlLine(args)
  if (help) return printHelp('url')
  const service = readService(name, options, flagOf)
  const found = look(service)
  const port = portOfService(service, found)
  const url = urlOf(service, port)
  if (json) {
    const running = found.running !== undefined
    write(1, `${JSON.stringify({ name: service.name, url, port, running })}\n`)
  } else if (url === undefined) {
    return fail(1, `service ${quote(service.name)} has no URL, but UDP port ${port}`)
  } else {
    write(1, `${url}\n`)
  }
  return 0
}
