import type { RecordedConnection } from '../../fixtures/recording-upstream.ts'
import type { MatrixCase } from './matrix-case.ts'
import type { MatrixWorld } from './matrix-world.ts'
import { keyOf } from './scripted-answers.ts'

function connectionOf({ upstream }: MatrixWorld, key: string): RecordedConnection | undefined {
  return upstream.connections.findLast(({ requests }) => requests.some(request => keyOf(request) === key))
}

/** What a page gives up. */
export const abortCases: readonly MatrixCase[] = [
  {
    name: 'an upload that the page aborts ends at the endpoint, incomplete',
    on: 'scripted',
    script: `const request = new XMLHttpRequest();
      request.open('PUT', s3 + '/media/stalled');
      return new Promise(resolve => {
        request.upload.onprogress = ({ loaded }) => {
          // Not before the endpoint has its head: a connection that is reset first may take the request with it.
          if (loaded === 0) return;
          request.upload.onprogress = null;
          void fetch(s3 + '/media/stalled-arrived').then(() => request.abort());
        };
        request.onabort = () => resolve('aborted'); request.onerror = () => resolve('error'); request.onload = () => resolve('done');
        request.send(new Blob([new Uint8Array(64 << 20)]));
      })`,
    expected: 'aborted',
    preflights: 1,
    after: async (t, world) => {
      const connection = connectionOf(world, 'stalled')
      connection?.socket.resume()
      await world.upstream.until(() => connection?.closed === true, 30_000)
      t.equal(connection?.requests.at(-1)?.complete, false)
    },
  },
  {
    name: 'a download that the page aborts ends at the endpoint',
    on: 'scripted',
    script: `const control = new AbortController();
      const { body } = await fetch(s3 + '/media/unfinished', { signal: control.signal });
      const reader = body.getReader(); const { value } = await reader.read(); control.abort();
      return [value.length > 0, await reader.read().catch(error => error.name)]`,
    expected: [true, 'AbortError'],
    after: async (t, world) => {
      const connection = connectionOf(world, 'unfinished')
      await world.upstream.until(() => connection?.closed === true, 30_000)
      t.equal(connection?.closed, true)
    },
  },
]
