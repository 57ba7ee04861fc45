import { context } from 'esbuild'
import { servicePort } from 'port4me'

const bundle = await context({ entryPoints: ['page.js'], bundle: true, outdir: 'www' })
await bundle.watch()
const { port } = await bundle.serve({ servedir: 'www', port: servicePort('web') })
console.log(`http://localhost:${port}/page.js`)
