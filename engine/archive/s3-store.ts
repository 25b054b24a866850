// Objects in a bucket of Amazon S3 or of a server that speaks its protocol. An object is one PUT, which S3 makes visible as a whole.
// The client is loaded when the first store is opened: most processes need none.

import type { GetObjectCommandOutput } from '@aws-sdk/client-s3';
import { checkObjectName, type ObjectStore, type StoredObject } from './object-store.ts';

/** How to reach the bucket. */
export interface S3Options {
  /** URL of a server other than Amazon's. */
  readonly endpoint?: string | undefined;
  /** @defaultValue what the environment or the shared configuration file says, as every AWS client */
  readonly region?: string | undefined;
  /** The bucket in the path instead of the host's name: what most servers of one's own want. @defaultValue with an endpoint */
  readonly forcePathStyle?: boolean | undefined;
  /** @defaultValue the standard chain: environment, shared file, role of the machine */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string } | undefined;
}

const CONNECT_TIMEOUT_MS = 5_000;
/** For a whole request: 16 MB at 2 Mbit/s take about 64 s. */
const REQUEST_TIMEOUT_MS = 120_000;
/** Of the client; who writes history tries again after that for as long as it takes. */
const ATTEMPTS = 3;

/** A store in `bucket` below `prefix` ('' for all of it, otherwise without a slash at either end). Nothing is asked yet. */
export async function openS3Store(bucket: string, prefix: string, options: S3Options = {}): Promise<ObjectStore> {
  const { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } = await import('@aws-sdk/client-s3');
  const { endpoint, region, credentials } = options;
  const client = new S3Client({
    forcePathStyle: options.forcePathStyle ?? endpoint !== undefined,
    maxAttempts: ATTEMPTS,
    requestHandler: {
      connectionTimeout: CONNECT_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      throwOnRequestTimeout: true,
    },
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(region === undefined ? {} : { region }),
    ...(credentials === undefined ? {} : { credentials }),
    // Amazon's newer checksums of whole objects are unknown to many compatible servers.
    ...(endpoint === undefined ? {} : { requestChecksumCalculation: 'WHEN_REQUIRED' as const }),
  });
  const root = prefix === '' ? '' : `${prefix}/`;

  async function* list(below: string, after?: string): AsyncGenerator<StoredObject[]> {
    let token: string | undefined;
    do {
      const page = await client.send(
        new ListObjectsV2Command({
          Bucket: bucket,
          Prefix: root + below,
          ...(token === undefined ? {} : { ContinuationToken: token }),
          ...(after === undefined || token !== undefined ? {} : { StartAfter: root + after }),
        }),
      );
      const objects = (page.Contents ?? []).map(({ Key = '', Size = 0 }) => ({
        name: Key.slice(root.length),
        bytes: Size,
      }));
      if (objects.length > 0) yield objects;
      token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
    } while (token !== undefined);
  }

  return {
    list,
    async put(name, bytes) {
      checkObjectName(name);
      await client.send(
        new PutObjectCommand({
          Bucket: bucket,
          Key: root + name,
          Body: bytes,
          ContentLength: bytes.length,
          ContentType: 'application/vnd.apache.avro.file',
        }),
      );
    },
    async read(name, start, end) {
      checkObjectName(name);
      if (end <= start) return new Uint8Array(0);
      let answer: GetObjectCommandOutput;
      try {
        const Range = `bytes=${start}-${end - 1}`;
        answer = await client.send(new GetObjectCommand({ Bucket: bucket, Key: root + name, Range }));
      } catch (error) {
        // The object ends before `start`.
        if (error instanceof Error && error.name === 'InvalidRange') return new Uint8Array(0);
        throw error;
      }
      return (await answer.Body?.transformToByteArray()) ?? new Uint8Array(0);
    },
    async close() {
      client.destroy();
    },
  };
}
