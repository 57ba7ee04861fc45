import { sharedPort } from 'port4me'
import { defineConfig } from 'vite'

export default defineConfig({
  server: {
    // Vite evaluates this file again when it changes, while the old server still listens: port4me()
    // would call its port taken, and the page would move to another one.
    port: sharedPort('vite'),
    strictPort: true,
  },
})
