// Where history lies, as a person writes it: a folder, or `s3://bucket/prefix`.

import { resolve } from 'node:path';
import { createFolderStore } from './folder-store.ts';
import type { ObjectStore } from './object-store.ts';
import { openS3Store, type S3Options } from './s3-store.ts';

const S3_URL = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/;

/** The same text for the same place: an absolute path, or the URL without slashes at its end. @throws {RangeError} */
export function canonicalLocation(location: string): string {
  if (!/^[a-z0-9]+:\/\//i.test(location)) return resolve(location);
  const { bucket, prefix } = s3Place(location);
  return prefix === '' ? `s3://${bucket}` : `s3://${bucket}/${prefix}`;
}

/**
 * Opens the store of a location.
 * @throws {RangeError} when the text is a URL but not `s3://bucket/prefix`.
 */
export async function openObjectStore(location: string, s3: S3Options = {}): Promise<ObjectStore> {
  const canonical = canonicalLocation(location);
  if (!canonical.startsWith('s3://')) return createFolderStore(canonical);
  const { bucket, prefix } = s3Place(canonical);
  return openS3Store(bucket, prefix, s3);
}

function s3Place(location: string): { readonly bucket: string; readonly prefix: string } {
  const [, bucket, path = ''] = S3_URL.exec(location) ?? [];
  const prefix = path.replace(/^\/+|\/+$/g, '');
  if (bucket === undefined || prefix.includes('//'))
    throw new RangeError(`"${location}" is no place for history files: give a folder or s3://bucket/prefix`);
  return { bucket, prefix };
}
