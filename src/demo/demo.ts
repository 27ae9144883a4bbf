import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openDescriptorOutput } from '../telemetry/log/descriptor-output.ts'
import { createLog } from '../telemetry/log/log.ts'
import { createLogSink } from '../telemetry/log/log-sink.ts'
import { startDemoProxy } from './demo-proxy.ts'
import { askExplanation } from './demo-request.ts'
import { startEmbeddedEndpoint } from './embedded-endpoint.ts'
import { introduce } from './introduction.ts'
import { listenLocally } from './local-server.ts'
import { createPageServer } from './page-server.ts'

/** Where MinIO would be, and where sites under development often are. */
const endpointPort = 9000
const pagePort = 8000

const flushMs = 1000

/**
 * Shows the product with nothing else installed: an embedded S3 endpoint, the proxy in front of it, and a page on another
 * origin. Resolves with the exit code when SIGINT or SIGTERM has ended it.
 */
export async function runDemo(args: readonly string[]): Promise<number> {
  if (args.length > 0) {
    process.stderr.write('demo takes no arguments; S3CORS_LISTEN and S3CORS_ADMIN choose its ports\n')
    return 64
  }
  const started = performance.now()
  const configFile = nameFile(fileURLToPath(new URL('../../config/example.yaml', import.meta.url)))
  const stops: (() => Promise<void>)[] = []
  const sink = createLogSink(openDescriptorOutput(1))
  const log = createLog({
    level: 'info',
    sink,
    pretty: true,
    colour: process.stdout.isTTY === true && process.env.NO_COLOR === undefined,
  })
  const stopped = untilStopped()
  try {
    const endpoint = await startEmbeddedEndpoint(endpointPort)
    if (endpoint === undefined) {
      process.stderr.write('demo needs the development dependencies: npm ci in a checkout, without --omit=dev\n')
      return 1
    }
    stops.push(endpoint.close)
    const start = await startDemoProxy({
      configFile,
      environment: settings(process.env),
      endpointUrl: endpoint.place.url,
      log,
    })
    if ('faults' in start) {
      process.stderr.write(start.faults.map(fault => `${fault}\n`).join(''))
      return 64
    }
    const { proxy } = start
    stops.push(proxy.stop)
    const pageServer = createPageServer({
      proxyUrl: proxy.place.url,
      adminUrl: proxy.admin.url,
      endpointUrl: endpoint.place.url,
      configFile,
      explain: (name, origin) => askExplanation(proxy.admin.url, name, origin, proxy.adminToken),
    })
    const page = await listenLocally(pageServer, pagePort)
    stops.push(async () => {
      pageServer.close()
      pageServer.closeAllConnections()
    })
    const seconds = (performance.now() - started) / 1000
    sink.write(
      introduce({ page, proxy: proxy.place, admin: proxy.admin, endpoint: endpoint.place, configFile, seconds }),
    )
    await stopped
    return 0
  } catch (error) {
    log.error('start_failed', error)
    return 1
  } finally {
    for (const stop of stops.toReversed()) await stop()
    await log.flush(flushMs)
  }
}

/** What chooses ports and other settings; nothing else of the environment is the demo's business. */
function settings(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => name.startsWith('S3CORS_')))
}

/** As a person in this directory would write it. */
function nameFile(path: string): string {
  const fromHere = relative(process.cwd(), path)
  return fromHere.startsWith('..') ? path : fromHere
}

/** The end takes hardly more than a second, so a second signal changes nothing. */
function untilStopped(): Promise<void> {
  return new Promise(resolve => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => resolve())
  })
}
