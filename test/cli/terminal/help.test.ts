import t from 'tap'
import { check } from '../../../src/cli/commands/check.ts'
import { probe } from '../../../src/cli/commands/probe.ts'
import { serve } from '../../../src/cli/commands/serve.ts'
import { commandHelp, programHelp } from '../../../src/cli/terminal/help.ts'
import { settings } from '../../../src/config/schema/settings.ts'

t.test('the program says what its commands are', async t => {
  const help = programHelp([check, probe])
  t.match(help, /^Usage: s3-cors-proxy \[COMMAND\] \[OPTIONS\]\n/)
  t.match(help, /\n {2}check {2}Tell every fault/)
  t.match(help, /\n {2}probe {2}Ask a running proxy/)
  t.match(help, /0, 1 \(could not start or run\), 64/)
})

t.test('the help of check tells of everything that --connect asks', async t => {
  const help = commandHelp(check)
  // Each setting that a finding is about.
  for (const about of ['reached, TLS', 'clock', 'keys', 'signatures', 'upstream.host', '"hosts"', '"virtualHosts"'])
    t.match(help, about)
  for (const about of ['whether each bucket', 'from: upstream', 'from: managed', 'managed.store']) t.match(help, about)
  t.match(help, /Without --connect, the command asks no server\./)
  t.notMatch(check.meaning, /ask no server/, 'with --connect it does')
})

t.test('the help of serve tells for how long it takes connections after SIGTERM, as run-daemon reckons', async t => {
  const help = commandHelp(serve)
  t.match(help, /After SIGTERM it takes new connections for a fifth\s+of drainSeconds more, five seconds at most;/)
  t.match(help, /with a socket that systemd passes \(LISTEN_FDS\) it takes none\./)
})

t.test('a command says what it takes', async t => {
  t.equal(
    commandHelp(probe),
    `Usage: s3-cors-proxy probe [URL] [--config FILE]

Ask a running proxy whether it is ready: exit code 0 if it is, else 1.
URL is that of its admin port. If it is not given: S3CORS_ADMIN, else admin of the configuration, else http://127.0.0.1:9464/readyz.

Options:
  --config FILE  the configuration; else the variable S3CORS_CONFIG
  --help         say what the command does, and end
  --version      say which version this is, and end
`,
  )
})

t.test('a command that reads a configuration lists every setting with its default', async t => {
  const help = commandHelp(check)
  for (const { flag } of settings()) t.match(help, `\n  --${flag} `)
  t.match(help, /--upstream-queue NUMBER .*\[1024\]\n/)
  t.match(help, /--hosts LIST +Further Host names that are path-style\.\n/)
})
