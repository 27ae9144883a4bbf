// An endpoint whose answers depend on the key, for what no real endpoint can be made to do in time.

import type { RecordingOptions } from '../../fixtures/recording-upstream.ts'
import type { ReceivedRequest } from '../../fixtures/request-reader.ts'
import { createWav, png } from './sample-media.ts'

/** 2000 s, 16 MB: more than a browser fetches ahead. */
const wav = createWav(2000)

export function fieldOf(request: ReceivedRequest, name: string): string | undefined {
  return request.fields.find(field => field[0].toLowerCase() === name)?.[1]
}

/** The last segment of the path. */
export function keyOf(request: ReceivedRequest): string {
  return /([^/?]*)(?:\?|$)/.exec(request.target)?.[1] ?? ''
}

/** For a recording upstream. */
export function scriptAnswers(): RecordingOptions {
  let stalled = Promise.withResolvers<void>()
  return {
    answerHead: (request, { socket }) => {
      if (keyOf(request) !== 'stalled') return undefined
      // Not read on until the test says so.
      socket.pause()
      stalled.resolve()
      return undefined
    },
    answer: async (request, connection) => {
      // A page asks for it to learn that its upload has arrived here.
      if (keyOf(request) === 'stalled-arrived') {
        await stalled.promise
        stalled = Promise.withResolvers()
      }
      return answerByKey(request, connection)
    },
  }
}

const answerByKey: NonNullable<RecordingOptions['answer']> = (request, { socket }) => {
  const message = (first: string, content: string | Buffer, ...lines: string[]) =>
    Buffer.concat([
      Buffer.from([`HTTP/1.1 ${first}`, ...lines, `Content-Length: ${content.length}`, '', ''].join('\r\n')),
      request.method === 'HEAD' ? Buffer.alloc(0) : Buffer.from(content as string),
    ])
  switch (keyOf(request)) {
    case 'revalidated': {
      const validators = ['ETag: "1"', 'Cache-Control: no-cache']
      // Neither Content-Type nor Content-Length in a 304, as S3 has it.
      if (fieldOf(request, 'if-none-match') === '"1"') {
        return ['HTTP/1.1 304 Not Modified', ...validators, '', ''].join('\r\n')
      }
      return message('200 OK', 'first', ...validators)
    }
    case 'cached.png':
      return message('200 OK', png, 'Content-Type: image/png', 'Cache-Control: max-age=3600')
    case 'sound.wav': {
      const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(fieldOf(request, 'range') ?? '') ?? []
      const lines = ['Content-Type: audio/wav', 'Accept-Ranges: bytes', 'Cache-Control: no-store']
      if (first === undefined) return message('200 OK', wav, ...lines)
      const end = last === '' ? wav.length - 1 : Number(last)
      const range = `Content-Range: bytes ${first}-${end}/${wav.length}`
      return message('206 Partial Content', wav.subarray(Number(first), end + 1), ...lines, range)
    }
    case 'unfinished':
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n${'x'.repeat(65_536)}`)
      return undefined
    default:
      return message('200 OK', 'scripted', 'Content-Type: text/plain', 'Cache-Control: no-store')
  }
}
