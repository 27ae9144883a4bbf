import t from 'tap'
import { nameProgram } from '../../../src/daemon/process/program-name.ts'

const cases: readonly { name: string; words: readonly string[]; expected: string | undefined }[] = [
  { name: 'a program', words: ['/usr/sbin/haproxy', '-f', '/etc/haproxy.cfg'], expected: 'haproxy' },
  { name: 'a script of Node', words: ['/usr/bin/node', '/srv/site/server.js'], expected: 'node /srv/site/server.js' },
  {
    name: 'a script behind options, without what follows it',
    words: ['node', '--disable-sigusr1', '-r', './trace.cjs', 'dist/cli.js', 'serve', '--token', 'hunter2'],
    expected: 'node dist/cli.js',
  },
  { name: 'code is not shown', words: ['node', '-e', 'secret()'], expected: 'node' },
  { name: 'an interpreter alone', words: ['bash'], expected: 'bash' },
  {
    name: 'a module of Python',
    words: ['python3.12', '-m', 'http.server', '9000'],
    expected: 'python3.12 http.server',
  },
  { name: 'an archive of Java', words: ['/opt/jdk/bin/java', '-Xmx1g', '-jar', 's3.jar'], expected: 'java s3.jar' },
  { name: 'an option that wants a value and has none', words: ['node', '-r'], expected: 'node' },
  { name: 'a title of its own', words: ['nginx: master process /usr/sbin/nginx -g daemon off;'], expected: 'nginx' },
  { name: 'a title of npm', words: ['npm run dev --token hunter2'], expected: 'npm' },
  { name: 'no words', words: [], expected: undefined },
  { name: 'a name of nothing', words: ['/'], expected: undefined },
  { name: 'characters that steer a terminal', words: ['/tmp/a\u001b[31m', 'x'], expected: 'a\\u001b[31m' },
  {
    name: 'a long path ends as it ends',
    words: ['node', `/${'x'.repeat(200)}/server.js`],
    expected: `node …${'x'.repeat(64)}/server.js`,
  },
  { name: 'a long name begins as it begins', words: ['y'.repeat(200), 'x'], expected: `${'y'.repeat(79)}…` },
]
/** Command lines of which only the interpreter is told. */
const hidden: readonly (readonly string[])[] = [
  ['bash', '-lc', 'x --password hunter2'],
  ['sh', '-ec', 'hunter2/x.sh'],
  ['bash', '-cx', '/x/hunter2'],
  ['python3', '-uc', 'hunter2/x.py'],
  ['perl', '-E', 'hunter2/x'],
  ['perl', '-ne', 'hunter2/x'],
  ['perl', '-eprint', 'hunter2/x'],
  ['ruby', '-ne', 'hunter2/x'],
  ['php', '-r', 'hunter2/x.php', 'hunter2/y'],
  ['node', '--print', 'hunter2/x'],
  ['node', '--token', 'hunter2', 'app.js'],
  ['node', '--token', 'hun/ter+2', 'app.js'],
  ['deno', 'run', 'https://u:hunter2@host/a.ts'],
  ['deno', 'eval', 'hunter2/x'],
  ['bun', 'run', 'hunter2'],
  ['sh', '-o', 'pipefail', '-c', 'hunter2/x'],
  ['python3', '-m', '--hunter2'],
  ['sh', 'hunter2'],
  ['sh', 'PASSWORD=hunter2/x'],
]
for (const words of hidden) {
  t.test(`of ${words.join(' ')} nothing but the interpreter is told`, async t => {
    t.equal(nameProgram(words), words[0])
  })
}

for (const { name, words, expected } of [
  ...cases,
  { name: 'a script of Deno', words: ['deno', 'run', '--allow-net', 'main.ts'], expected: 'deno main.ts' },
  {
    name: 'a class of Java',
    words: ['java', '-server', '-cp', 'a', 'com.example.Main'],
    expected: 'java com.example.Main',
  },
  { name: 'a script of a shell', words: ['bash', '/srv/start'], expected: 'bash /srv/start' },
  {
    name: 'a script behind an option with a value',
    words: ['node', '--inspect=1', 'dist/cli'],
    expected: 'node dist/cli',
  },
]) {
  t.test(name, async t => t.equal(nameProgram(words), expected))
}
