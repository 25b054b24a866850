/** Reads a value from bytes. The value must not keep a view of `bytes` that outlives the call unless it says so. */
export interface Deserializer<V> {
  /** @throws {RefusedRecordError} when the bytes are not a value of this contract. */
  deserialize(bytes: Uint8Array): V;
}

/** Writes a value to bytes of its own. */
export interface Serializer<V> {
  serialize(value: V): Uint8Array;
}

/** Both directions. `deserialize(serialize(v))` equals `v`. */
export interface Serde<V> extends Serializer<V>, Deserializer<V> {}
