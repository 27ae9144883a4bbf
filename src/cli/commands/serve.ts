import type { Command } from '../terminal/command.ts'
import { configOption, configurationSource } from '../terminal/configuration-source.ts'
import { packageVersion } from '../terminal/version.ts'

/** Runs the proxy until it is told to end. */
export const serve: Command = {
  name: 'serve',
  synopsis: '--config FILE [SETTINGS]',
  meaning: 'Run the proxy.',
  details: [
    'On SIGTERM or SIGINT the proxy drains; on a second one it ends at once. After SIGTERM it takes new connections for a fifth',
    'of drainSeconds more, five seconds at most; with a socket that systemd passes (LISTEN_FDS) it takes none. On SIGHUP, and',
    'when the file changes, it reloads.',
    'Exit code 0; 1 if it could not start, or had to break off requests; 64 for faults of arguments or configuration.',
  ],
  options: [configOption],
  takesSettings: true,
  async run(given, terminal) {
    const source = configurationSource(given, terminal)
    if (source === undefined) return 64
    // Only here: no other command needs a server.
    const { runDaemon } = await import('../../daemon/run-daemon.ts')
    return await runDaemon(source, packageVersion())
  },
}
