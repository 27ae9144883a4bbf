// What to type at a shell: without --endpoint-url, the AWS CLI asks AWS.

/** Makes the bucket at the endpoint. `endpointUrl` as `http://minio:9000`. */
export function createBucketCommand(endpointUrl: string, bucket: string): string {
  return `aws s3api create-bucket --endpoint-url ${endpointUrl} --bucket ${bucket}`
}

/** Puts the rules in `cors.json`. */
export function putBucketCorsCommand(endpointUrl: string, bucket: string): string {
  return `aws s3api put-bucket-cors --endpoint-url ${endpointUrl} --bucket ${bucket} --cors-configuration file://cors.json`
}
