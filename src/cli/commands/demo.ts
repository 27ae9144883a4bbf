import type { Command } from '../terminal/command.ts'

/** What `npm start` runs. */
export const demo: Command = {
  name: 'demo',
  synopsis: '',
  meaning: 'Show the proxy in front of an embedded S3 endpoint, with a page on another origin.',
  details: [
    'It needs the development dependencies (npm ci in a checkout), and takes other ports where its own are in use. S3CORS_LISTEN',
    'and S3CORS_ADMIN choose those of the proxy. It ends with Ctrl+C.',
  ],
  options: [],
  maxOperands: 100,
  async run({ operands }) {
    const { runDemo } = await import('../../demo/demo.ts')
    const code = await runDemo(operands)
    return code === 0 || code === 64 ? code : 1
  },
}
