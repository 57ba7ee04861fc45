import { writeSync } from 'node:fs'

/**
 * Writes a text to stdout or stderr, without loading process.stdout, which takes longer than finding
 * a port.
 */
export function write(descriptor: 1 | 2, text: string): void {
  let bytes = Buffer.from(text)
  while (bytes.length > 0) {
    try {
      bytes = bytes.subarray(writeSync(descriptor, bytes))
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'EPIPE') return // the reader has had enough, as `head -1` has
      if (code !== 'EAGAIN') {
        if (descriptor === 2) return // there is nowhere else to complain
        throw error
      }
      // A pipe that someone made non-blocking is full: the event loop can wait for it.
      const stream = descriptor === 1 ? process.stdout : process.stderr
      stream.on('error', () => {})
      stream.write(bytes)
      return
    }
  }
}
