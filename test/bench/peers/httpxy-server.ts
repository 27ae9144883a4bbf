import { createProxyServer } from 'httpxy'
import { agent, serve, setting } from './event-proxy.ts'

const proxy = createProxyServer({ target: setting.url, agent })
serve({
  web: (request, response) => {
    proxy.web(request, response).catch(() => response.destroy())
  },
  onResponse: handle => {
    proxy.on('proxyRes', (endpoint, request, response) => handle(endpoint, request, response))
  },
})
