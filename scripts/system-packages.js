import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Programs that some specs run, and the Debian packages that bring them. */
const wanted = [
  { program: 'chromium', debian: 'chromium', specs: 'every spec with a browser' },
  { program: 'openssl', debian: 'openssl', specs: 'DTLS against OpenSSL' },
  { program: 'gnutls-cli', debian: 'gnutls-bin', specs: 'DTLS against GnuTLS' },
  {
    program: 'clang++',
    debian: 'clang libclang-rt-dev',
    specs: 'fuzzing and thread tests of the native addon',
  },
  { program: 'ip', debian: 'iproute2', specs: 'specs with delay and loss between hosts' },
  { program: 'turnserver', debian: 'coturn', specs: 'relays by TURN', isService: true },
  {
    program: 'redis-server',
    debian: 'redis-server',
    specs: 'the registry in Redis',
    isService: true,
  },
  {
    program: 'nats-server',
    debian: 'nats-server',
    specs: 'the store of a cluster, in JetStream',
    isService: true,
  },
  { program: 'caddy', debian: 'caddy', specs: 'the proxy in front of a cluster', isService: true },
  { program: 'promtool', debian: 'prometheus', specs: 'its configuration', isService: true },
  { program: 'docker-compose', debian: 'docker-compose', specs: 'the compose file' },
]

const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin']
const isInstalled = (program) => folders.some((folder) => existsSync(join(folder, program)))

/**
 * Installs the programs that are missing where that is ours to do: as root, on Debian. Else
 * says which specs will skip, and what to run. Specs find the programs for themselves.
 */
export function ensureSystemPackages() {
  const missing = wanted.filter(({ program }) => !isInstalled(program))
  if (missing.length === 0) return
  // Where systemd runs, Debian would start a service too, and a TURN server open to all.
  const startsServices = existsSync('/run/systemd/system')
  const ours = missing.filter(({ isService }) => !(isService && startsServices))
  if (ours.length > 0 && mayInstall()) aptGet(ours.map(({ debian }) => debian.split(' ')))
  const absent = missing.filter(({ program }) => !isInstalled(program))
  if (absent.length === 0) return
  process.stdout.write('\nMissing programs; without them these specs skip:\n')
  for (const { program, specs } of absent) process.stdout.write(`  ${program}: ${specs}\n`)
  const names = absent.map(({ debian }) => debian).join(' ')
  process.stdout.write(`To run them too: sudo apt-get install ${names}\n`)
}

function mayInstall() {
  return process.getuid?.() === 0 && existsSync('/etc/debian_version') && isInstalled('apt-get')
}

// Each group by itself: a release that lacks one of them would install nothing at all.
function aptGet(groups) {
  process.stdout.write(`tailrace: installing ${groups.flat().join(', ')} with apt-get\n`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const installs = groups.map((packages) => [
    ...['-qq', '-y', '--no-install-recommends', 'install'],
    ...packages,
  ])
  for (const args of [['-qq', 'update'], ...installs]) {
    // Its chatter says nothing here; its errors do, and the programs are looked for afterwards.
    spawnSync('apt-get', args, { env, stdio: ['ignore', 'ignore', 'inherit'] })
  }
}
