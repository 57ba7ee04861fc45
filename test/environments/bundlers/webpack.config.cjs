const common = { mode: 'production', target: 'node20' }

module.exports = [
  { ...common, name: 'cjs', entry: './app.cjs', output: { filename: 'cjs/app.cjs' } },
  {
    ...common,
    name: 'esm',
    entry: './app.mjs',
    experiments: { outputModule: true },
    output: { filename: 'esm/app.mjs', module: true, library: { type: 'module' } },
  },
]
