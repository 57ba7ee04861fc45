// port4me map: all ports of this machine as a picture.

import { write } from '../output.js'
import { parseMapLine } from './commands.js'
import { printHelp } from './help.js'
import { mapPicture } from './map-picture.js'
import { mapSvg } from './map-svg.js'
import { countsOf, rangesOf, readPortMap } from './port-states.js'
import { paper } from './who.js'

/** Answers `port4me map`. Returns the exit status. */
export function mapCommand(args: readonly string[]): number {
  const { form, help, ...options } = parseMapLine(args)
  if (help) return printHelp('map')
  const map = readPortMap(options)
  if (form === 'json') {
    const { states, ephemeral } = map
    const all = { counts: countsOf(states), ephemeral, ranges: rangesOf(states) }
    write(1, `${JSON.stringify(all)}\n`)
  } else if (form === 'svg') {
    write(1, mapSvg(map))
  } else {
    const { width = WIDTH_OF_PIPE } = paper()
    write(1, mapPicture(map, { width, colors: colorsOfStdout() }))
  }
  return 0
}

const WIDTH_OF_PIPE = 80

/** How many colors stdout has. 0: it is no terminal, or NO_COLOR is set. */
function colorsOfStdout(): 0 | 16 | 256 {
  if (!paper().bold) return 0
  return process.stdout.hasColors(256) ? 256 : 16
}
