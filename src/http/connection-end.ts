/**
 * Why a connection of HTTP/2 ended for what its client sent; the label of `s3cors_client_connections_ended_total`. `idle_frames`: frames
 * that ask for nothing. `large_head`: a head of many times what is allowed. `control_flood`: PING or SETTINGS faster than they can be acknowledged. `invalid_frames`: more frames that are
 * malformed or refused than a client may send. `protocol_error`: what nghttp2 calls so, among that too many resets and priorities.
 */
export type ConnectionEnd = 'idle_frames' | 'large_head' | 'control_flood' | 'invalid_frames' | 'protocol_error'
