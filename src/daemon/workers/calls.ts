// Calls between two processes, each acknowledged with its result. Values are plain data; the channel keeps their order.

/** What one side can be asked: functions of one argument. */
type Operations<T> = { readonly [Name in keyof T]: (argument: never) => unknown }

/** Asks the other side. Rejects with its failure, when `timeoutMs` is over, or when the channel is closed. */
export type Call<T extends Operations<T>> = <Name extends keyof T & string>(
  name: Name,
  argument: Parameters<T[Name]>[0],
  timeoutMs?: number,
) => Promise<Awaited<ReturnType<T[Name]>>>

/** One message. */
export type CallMessage =
  | { readonly kind: 'call'; readonly id: number; readonly name: string; readonly argument: unknown }
  | { readonly kind: 'result'; readonly id: number; readonly result: unknown }
  | { readonly kind: 'failure'; readonly id: number; readonly message: string; readonly code: string | undefined }

/** What carries the messages. */
export interface Channel {
  send(message: CallMessage): void
  onMessage(listener: (message: CallMessage) => void): void
}

/** One side's end of a channel. */
export interface Calls<Theirs extends Operations<Theirs>> {
  readonly call: Call<Theirs>
  /** Calls that wait for their result reject: it will not come. */
  close(reason: Error): void
}

/** What a promise of an own operation rejects with goes to the caller; what an operation throws is an error of this process. */
export function createCalls<Theirs extends Operations<Theirs>, Own extends Operations<Own>>(
  channel: Channel,
  own: Own,
): Calls<Theirs> {
  const pending = new Map<number, { resolve(result: never): void; reject(error: Error): void }>()
  let lastId = 0

  channel.onMessage(message => {
    const { id } = message
    if (message.kind === 'call') {
      const fail = (error: NodeJS.ErrnoException) =>
        channel.send({ kind: 'failure', id, message: error.message, code: error.code })
      Promise.resolve(own[message.name as keyof Own](message.argument as never)).then(
        result => channel.send({ kind: 'result', id, result }),
        fail,
      )
      return
    }
    const waiting = pending.get(id)
    if (message.kind === 'result') waiting?.resolve(message.result as never)
    else waiting?.reject(Object.assign(new Error(message.message), { code: message.code }))
  })

  return {
    call(name, argument, timeoutMs) {
      const id = ++lastId
      const { promise, resolve, reject } = Promise.withResolvers<never>()
      pending.set(id, { resolve, reject })
      const late = () => reject(new Error(`no answer to "${name}" within ${timeoutMs} ms`))
      const timer = timeoutMs === undefined ? undefined : setTimeout(late, timeoutMs)
      channel.send({ kind: 'call', id, name, argument })
      return promise.finally(() => {
        clearTimeout(timer)
        pending.delete(id)
      })
    },
    close(reason) {
      for (const { reject } of pending.values()) reject(reason)
    },
  }
}
