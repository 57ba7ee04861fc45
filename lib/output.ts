import { writeSync } from 'node:fs'

/**
 * Writes a text to stdout or stderr. It does not load process.stdout, because that takes longer than to find a
 * port.
 */
export function write(descriptor: 1 | 2, text: string): void {
  let bytes = Buffer.from(text)
  while (bytes.length > 0) {
    try {
      bytes = bytes.subarray(writeSync(descriptor, bytes))
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'EPIPE') return // the reader has closed the pipe, as `head -1` does
      if (code !== 'EAGAIN') {
        if (descriptor === 2) return // an error about stderr cannot be reported anywhere
        throw error
      }
      // The pipe is non-blocking and full. The event loop waits until there is room.
      const stream = descriptor === 1 ? process.stdout : process.stderr
      stream.on('error', () => {})
      stream.write(bytes)
      return
    }
  }
}
