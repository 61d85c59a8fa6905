// The Debian packages that Vascope is built, run and tested with: the one list, by what they are for.
import { spawnSync } from 'node:child_process'
import { run } from './lib/run.mjs'
import { progress, say, StepError } from './lib/say.mjs'

/** Libraries that vascoped is linked with, for this machine and for aarch64 boards alike. */
const LIBRARIES = [
  'libdrm-dev',
  'libbpf-dev',
  'libelf-dev',
  'zlib1g-dev',
  'libzstd-dev',
  'libcap-dev',
  'libseccomp-dev',
  'libprotobuf-c-dev'
]

const PACKAGES = {
  // vascoped: C compilers, BPF tools, static libraries, its tests
  daemon: [
    ...['build-essential', 'meson', 'ninja-build', 'pkgconf', 'file', 'clang', 'llvm', 'bpftool'],
    ...['protobuf-c-compiler', 'protobuf-compiler', 'libcmocka-dev'],
    ...LIBRARIES
  ],
  // vascoped for aarch64, built on another architecture
  cross: [
    'gcc-aarch64-linux-gnu',
    'libc6-dev-arm64-cross',
    'libc6-dev:arm64',
    ...LIBRARIES.map((name) => `${name}:arm64`)
  ],
  // the virtual board: the machine, its image, the way to it
  board: ['qemu-system-arm', 'device-tree-compiler', 'cpio', 'xz-utils', 'openssh-client'],
  // the window: what Electron links with
  window: [
    ...[
      'libasound2',
      'libatk-bridge2.0-0',
      'libatk1.0-0',
      'libatspi2.0-0',
      'libcairo2',
      'libcups2',
      'libdbus-1-3',
      'libdrm2'
    ],
    ...[
      'libexpat1',
      'libgbm1',
      'libglib2.0-0',
      'libgtk-3-0',
      'libnspr4',
      'libnss3',
      'libpango-1.0-0',
      'libudev1',
      'libx11-6'
    ],
    ...[
      'libxcb1',
      'libxcomposite1',
      'libxdamage1',
      'libxext6',
      'libxfixes3',
      'libxkbcommon0',
      'libxrandr2',
      'fonts-dejavu-core'
    ]
  ],
  // the tests: a display for the window, an SSH server for the connection
  test: ['xvfb', 'xauth', 'openssh-server']
}

/**
 * The packages of some purposes that this machine lacks. Empty where packages are not Debian's: there a build says itself what it misses.
 * @param {(keyof typeof PACKAGES)[]} purposes
 */
export function missingPackages(purposes) {
  const native = ask('dpkg', ['--print-architecture'])
  if (native === null) return []
  const wanted = [
    ...new Set(purposes.flatMap((purpose) => (purpose === 'cross' && native === 'arm64' ? [] : PACKAGES[purpose])))
  ]
  // Debian 13 renamed some libraries (libgtk-3-0t64); asking for a name that is not known is no error worth its text.
  const query = [
    '-W',
    '-f',
    '${db:Status-Status} ${Package} ${Package}:${Architecture}\n',
    ...wanted,
    ...wanted.map((name) => `${name}t64`)
  ]
  const found = spawnSync('dpkg-query', query, { encoding: 'utf8' }).stdout ?? ''
  const installed = new Set()
  for (const line of found.split('\n')) {
    const [status, name, full] = line.split(' ')
    if (status !== 'installed') continue
    installed.add(full)
    if (full.endsWith(`:${native}`) || full.endsWith(':all')) installed.add(name)
  }
  return wanted.filter((name) => !installed.has(name) && !installed.has(`${name}t64`))
}

/** Installs packages as root; for anybody else prints the command that does, and ends. @param {string[]} names */
export async function installPackages(names) {
  const foreign =
    names.some((name) => name.endsWith(':arm64')) &&
    !(ask('dpkg', ['--print-foreign-architectures']) ?? '').includes('arm64')
  const commands = [
    ...(foreign ? [['dpkg', '--add-architecture', 'arm64']] : []),
    ['apt-get', 'update'],
    ['apt-get', 'install', '-y', '--no-install-recommends', ...names]
  ]
  if (process.getuid?.() !== 0) {
    const line = commands.map((command) => command.join(' ')).join(' && ')
    throw new StepError(`${names.length} Debian packages are missing, and only root can install them`, {
      remedy: `run this, then the same command again:\n\n  sudo sh -c '${line}'\n`,
      exit: 2
    })
  }
  say(`Debian packages to install: ${names.join(' ')}`)
  const step = progress('Installing Debian packages')
  const remedy =
    'look at the first line that starts with E:, mend the machine’s apt configuration or network, and start again'
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  try {
    for (const [program, ...args] of commands) {
      const options =
        program === 'apt-get' ? ['-q', '-o', 'APT::Status-Fd=1', '-o', 'DPkg::Lock::Timeout=300', ...args] : args
      await run(program, options, {
        log: 'packages',
        env,
        remedy,
        onLine: (line) => showAptProgress(step, args[0], line)
      })
    }
    step.done()
  } catch (error) {
    step.failed()
    throw error
  }
}

/** apt's status lines: "dlstatus:3:40.2:Retrieving …" while it downloads, "pmstatus:pkg:72.1:Unpacking …" while it installs. */
function showAptProgress(step, verb, line) {
  const status = /^(dl|pm)status:[^:]*(?::[a-z0-9]+)?:([\d.]+):(.*)/.exec(line)
  if (!status || verb !== 'install') return
  const part = Number(status[2]) / 100
  step.update(status[1] === 'dl' ? part / 2 : 0.5 + part / 2, status[3])
}

function ask(program, args) {
  const answer = spawnSync(program, args, { encoding: 'utf8' })
  return answer.status === 0 ? answer.stdout.trim() : null
}
