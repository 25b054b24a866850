// Bytes of event references and `asOf`s.

import type { AsOf, EventRef } from './as-of.ts';
import type { ByteReader, ByteWriter } from './bytes.ts';

/** Bytes: signed at, text topic, varint partition, varint offset, text eventId. */
export function writeEvent(writer: ByteWriter, event: EventRef): void {
  writer.signed(event.at);
  writer.text(event.topic);
  writer.varint(event.partition);
  writer.varint(event.offset);
  writer.text(event.eventId);
}

export function readEvent(reader: ByteReader): EventRef {
  return {
    at: reader.signed(),
    topic: reader.text(),
    partition: reader.varint(),
    offset: reader.varint(),
    eventId: reader.text(),
  };
}

/** Bytes: signed at, text topic, varint partition, varint offset, u8 number of event ids, texts. */
export function writeAsOf(writer: ByteWriter, asOf: AsOf): void {
  writer.signed(asOf.at);
  writer.text(asOf.topic);
  writer.varint(asOf.partition);
  writer.varint(asOf.offset);
  writer.u8(asOf.eventIds.length);
  for (const id of asOf.eventIds) writer.text(id);
}

export function readAsOf(reader: ByteReader): AsOf {
  const at = reader.signed();
  const topic = reader.text();
  const partition = reader.varint();
  const offset = reader.varint();
  const count = reader.u8();
  const eventIds: string[] = [];
  for (let i = 0; i < count; i++) eventIds.push(reader.text());
  return { at, topic, partition, offset, eventIds };
}
