import { writeFileSync } from 'node:fs'
import { renderDashboard } from './dashboard.ts'

writeFileSync(new URL('s3-cors-proxy.json', import.meta.url), renderDashboard())
