import t from 'tap'
import { faultsOf, parseObjects } from './kubernetes-objects.ts'

t.setTimeout(300_000)

const deployment = (container: string, pod = '') => `apiVersion: apps/v1
kind: Deployment
metadata: { name: proxy }
spec:
  selector: { matchLabels: { app: proxy } }
  template:
    metadata: { labels: { app: proxy } }
    spec:
      ${pod}
      containers: [{ name: proxy, image: "proxy:1"${container} }]
`

const cases: { readonly name: string; readonly text: string; readonly faults: readonly RegExp[] }[] = [
  { name: 'a deployment that is right', text: deployment(', stdin: false', 'enableServiceLinks: false'), faults: [] },
  {
    name: 'a field that there is not',
    text: deployment(', imagePullPolice: Always'),
    faults: [/^Deployment proxy: .*"imagePullPolice"/],
  },
  {
    name: 'a field at the wrong place',
    text: deployment(', terminationGracePeriodSeconds: 45'),
    faults: [/^Deployment proxy: .*"terminationGracePeriodSeconds"/],
  },
  {
    name: 'a value that is no quantity',
    text: deployment(', resources: { requests: { cpu: 500 m } }'),
    faults: [/^Deployment proxy: .*requests\/cpu must match format "quantity"/],
  },
  {
    name: 'a field of another type',
    text: deployment('', 'enableServiceLinks: "false"'),
    faults: [/'string' is not assignable to type 'boolean/, /enableServiceLinks must be boolean/],
  },
  {
    name: 'a kind that there is not',
    text: 'apiVersion: apps/v1\nkind: Deploiment\nmetadata: { name: proxy }\n',
    faults: [/^Deploiment proxy: apps\/v1 Deploiment is no known kind$/],
  },
  {
    name: 'an operator’s kind with a field that there is not',
    text: `apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata: { name: proxy }
spec: { selector: {}, endpoints: [{ port: metrics, intervall: 30s }] }
`,
    faults: [/^ServiceMonitor proxy: .*"intervall"/],
  },
]

for (const { name, text, faults } of cases) {
  t.test(name, async t => {
    const found = await faultsOf(parseObjects(text))
    t.equal(found.length, faults.length, found.join('\n'))
    for (const [index, fault] of faults.entries()) t.match(found[index], fault)
  })
}

t.test('a key that is there twice', async t => {
  t.throws(() => parseObjects('apiVersion: v1\nkind: ConfigMap\nkind: Secret\n'), /unique/)
})
