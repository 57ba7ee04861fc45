document.title = 'port4me and esbuild'
