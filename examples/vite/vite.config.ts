import { servicePort } from 'port4me'
import { defineConfig } from 'vite'

export default defineConfig({
  server: {
    // Vite evaluates this file again when it changes, while its server still listens. servicePort() finds
    // that the server is this project's own, and returns the same port.
    port: servicePort('web'),
    strictPort: true,
  },
})
