import { detect } from 'detect-port'

export default {
  free: (port) => detect(port),
  fresh: (port) => detect(port),
  // It looks no further than ten ports.
}
