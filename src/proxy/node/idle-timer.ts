import type { Socket } from 'node:net'

/** What Node's sockets do about their idle limit. */
export interface IdleHooks {
  _unrefTimer(): void
  _onTimeout(): void
}

/** Has `onActivity` called at every read and write, where Node would move the timer of the socket. */
export function replaceIdleTimer(socket: Socket, onActivity: () => void): void {
  ;(socket as Socket & IdleHooks)._unrefTimer = onActivity
}

/** Does what Node does when the idle limit has passed: 'timeout' is emitted unless what was written is still leaving. */
export function reportIdle(socket: Socket): void {
  ;(socket as Socket & IdleHooks)._onTimeout()
}
