import { createProxyServer } from 'http-proxy-3'
import { agent, serve, setting } from './event-proxy.ts'

const proxy = createProxyServer({ target: setting.url, agent })
proxy.on('error', (_, __, response) => response?.destroy())
serve({
  web: (request, response) => proxy.web(request, response),
  onResponse: handle => proxy.on('proxyRes', handle),
})
