/** Of a request that SigV4 signs in its query: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html. */
export const sigV4QueryParameters: readonly string[] = [
  'X-Amz-Algorithm',
  'X-Amz-Content-Sha256',
  'X-Amz-Credential',
  'X-Amz-Date',
  'X-Amz-Expires',
  'X-Amz-Security-Token',
  'X-Amz-Signature',
  'X-Amz-SignedHeaders',
]

/** The same of SigV2: https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html#RESTAuthenticationQueryStringAuth. */
export const sigV2QueryParameters: readonly string[] = ['AWSAccessKeyId', 'Expires', 'Signature']
