import { detect } from 'detect-port'

export default {
  free: (port) => detect(port),
  fresh: (port) => detect(port),
  // There is no "busy", because detect-port tries only ten ports.
}
