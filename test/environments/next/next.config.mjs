const external = {
  serverExternalPackages: ['port4me'],
  outputFileTracingIncludes: { '/*': ['node_modules/port4me/prebuilds/**'] },
}

export default {
  output: 'standalone',
  distDir: process.env.DIST,
  ...(process.env.EXTERNAL ? external : {}),
}
