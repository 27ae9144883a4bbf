// Clients in Python ask the system's resolver for `*.localhost`, which may not know it.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const site = `import socket

ask = socket.getaddrinfo

def lookup(host, *args, **named):
    name = host.decode() if isinstance(host, bytes) else host
    return ask('127.0.0.1' if name and name.endswith('localhost') else host, *args, **named)

socket.getaddrinfo = lookup
`

/** Variables with which Python takes every such name for this machine. */
export function writeLoopbackNames(folder: string): Readonly<Record<string, string>> {
  const path = join(folder, 'python')
  mkdirSync(path, { recursive: true })
  writeFileSync(join(path, 'sitecustomize.py'), site)
  return { PYTHONPATH: path, PYTHONDONTWRITEBYTECODE: '1' }
}
