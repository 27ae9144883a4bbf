import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'

/** The URL with which Uppy sends a request of an upload: of one whole, or of its beginning, a part, or its end. */
export async function presignUpload(signer: S3Client, bucket: string, asked: URLSearchParams): Promise<string> {
  const { method, key = '', uploadId, partNumber } = Object.fromEntries(asked)
  const object = { Bucket: bucket, Key: key }
  const part = { ...object, UploadId: uploadId }
  const command =
    method === 'PUT'
      ? partNumber === undefined
        ? new PutObjectCommand(object)
        : new UploadPartCommand({ ...part, PartNumber: Number(partNumber) })
      : uploadId === undefined
        ? new CreateMultipartUploadCommand(object)
        : new CompleteMultipartUploadCommand(part)
  return await getSignedUrl(signer, command as PutObjectCommand, { expiresIn: 600 })
}
