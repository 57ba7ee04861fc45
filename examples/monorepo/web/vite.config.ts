import { servicePort } from 'port4me'
import { defineConfig } from 'vite'

export default defineConfig({
  server: {
    port: servicePort('web'),
    strictPort: true,
    // The port where the API runs, or will run if it is started later.
    proxy: { '/api': `http://localhost:${servicePort('api')}` },
  },
})
