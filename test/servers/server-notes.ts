// What is known of S3 servers beyond what s3-servers.test.ts sees: names, ends of idle connections, traps. Each with its date.

/** What a person wrote of one server. */
export interface ServerNotes {
  readonly name: string
  /** When an idle connection is ended by the server. */
  readonly idle: string
  readonly traps: readonly string[]
  readonly on: string
}

export const serverNotes: Readonly<Record<string, ServerNotes>> = {
  'rclone-175': {
    name: 'rclone serve s3, to 1.75',
    idle: '59 s',
    traps: [
      '`PUT ?cors` creates a bucket that is missing, `DELETE ?cors` deletes one that is empty: this proxy answers both with 501',
      'ranges are answered 200',
      'of an upload in signed chunks with a trailer the beginning of its framing is stored',
      'from 1.76 on, `GET ?cors` is 404 NoSuchCORSConfiguration, `PUT ?cors` 501, `DELETE ?cors` 204',
    ],
    on: '2026-11-30',
  },
  gofakes3: {
    name: 'gofakes3',
    idle: 'more than 200 s',
    traps: ['as rclone to 1.75, which is built on a copy of it', 'it verifies no signature'],
    on: '2026-11-30',
  },
  moto: {
    name: 'moto',
    idle: 'at once',
    traps: [
      'it verifies no signature',
      'a Host that it does not know is the name of a bucket',
      'a GET of any origin has Access-Control-Allow-Origin, whatever the rules',
    ],
    on: '2026-11-30',
  },
  seaweedfs: {
    name: 'SeaweedFS',
    idle: '119 s',
    traps: [
      'MaxAgeSeconds is 0 where none was put: browsers ask before every request',
      '`OPTIONS /BUCKET` answers `*` with credentials whatever the rules',
      'objects of SDK streams keep `aws-chunked` in Content-Encoding',
    ],
    on: '2026-11-30',
  },
  versitygw: {
    name: 'versitygw (posix)',
    idle: 'at once, unless it runs with `--keep-alive`',
    traps: [
      'a key that it does not know is 404 XAdminUserNotFound',
      'on ext4 it keeps 3.9 KB of rules; more is a 500',
      'two x-amz-request-id',
    ],
    on: '2026-11-30',
  },
  s3proxy: {
    name: 's3proxy (aws-v4)',
    idle: '30 s',
    traps: ['`?cors` is 501 before any check of the signature'],
    on: '2026-11-30',
  },
  's3s-fs': {
    name: 's3s-fs',
    idle: 'more than 75 s',
    traps: ['`?cors` is 501 after the signature and the body were checked'],
    on: '2026-11-30',
  },
  garage: {
    name: 'Garage',
    idle: 'more than 200 s',
    traps: [
      'an unknown key and a wrong secret are both 403 AccessDenied',
      'AllowedHeaders are compared with their letter case, and browsers send lower case: a rule with `Content-Type` refuses it',
      'MaxAgeSeconds is kept and never sent',
      'it answers preflights of a bucket without a global name, such as one that was made over S3, with `*`, whatever the rules',
    ],
    on: '2026-11-30',
  },
}
