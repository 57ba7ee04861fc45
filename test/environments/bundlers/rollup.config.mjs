import commonjs from '@rollup/plugin-commonjs'
import { nodeResolve } from '@rollup/plugin-node-resolve'

export default {
  input: 'app.mjs',
  plugins: [nodeResolve(), commonjs()],
  external: /^node:/,
  output: [
    { entryFileNames: 'app.mjs', format: 'es' },
    { entryFileNames: 'app.cjs', format: 'cjs' },
  ],
}
