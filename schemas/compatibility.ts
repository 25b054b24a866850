// May a contract be changed like this? BACKWARD as registries call it: what the old schema wrote, the new one reads.

import type { Schema } from 'avsc';
import { compileType } from './wire-type.ts';

/**
 * Why values of `oldSchema` cannot be read with `newSchema`; `undefined` when they can. Allowed: a new field with a default, a
 * field taken away, a new enum symbol, a wider number. Not allowed: a new field without a default, another type, another name,
 * and, stricter than Avro, an enum symbol taken away: its values would be read as `unknown` and refused.
 */
export function incompatibility(newSchema: Schema, oldSchema: Schema): string | undefined {
  try {
    compileType(withoutEnumDefaults(newSchema)).createResolver(compileType(oldSchema));
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function withoutEnumDefaults(schema: Schema): Schema {
  const text = JSON.stringify(schema, (_name, part) =>
    part?.type === 'enum' ? { ...part, default: undefined } : part,
  );
  return JSON.parse(text) as Schema;
}
