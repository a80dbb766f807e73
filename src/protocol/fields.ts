// The pieces that several messages are made of.
import * as v from "valibot";
import { limits } from "../limits.ts";

/** Characters are code points: a person sees one where UTF-16 has two. */
function isShortEnough(value: string): boolean {
  const most = limits.idCharactersMax;
  return value.length <= most || (value.length <= 2 * most && [...value].length <= most);
}

/** An id: well-formed Unicode, 1–200 characters (protocol 1.1). */
export const id = v.pipe(
  v.string("must be a string"),
  v.nonEmpty("must not be empty"),
  v.check(isShortEnough, `must have at most ${limits.idCharactersMax} characters`),
  v.check((value) => value.isWellFormed(), "must be well-formed Unicode"),
);

export const shortString = v.pipe(
  v.string("must be a string"),
  v.nonEmpty("must not be empty"),
  v.maxLength(limits.shortStringCharactersMax, `must have at most ${limits.shortStringCharactersMax} characters`),
);

/** An optional field: `null` is the same as leaving it out (protocol 1.1). */
export function optional<const Schema extends v.GenericSchema>(schema: Schema) {
  return v.optional(
    v.pipe(
      v.nullable(schema),
      v.transform((value) => value ?? undefined),
    ),
  );
}

/** What every request to a v1 socket may carry: its `reply` names it (protocol 2). */
export const pairing = { id: optional(id) };

/** The same key with the same request starts nothing a second time (protocol 2). */
export const idempotencyKey = optional(
  v.pipe(
    v.string("must be a string"),
    v.nonEmpty("must not be empty"),
    v.maxLength(
      limits.idempotencyKeyCharactersMax,
      `must have at most ${limits.idempotencyKeyCharactersMax} characters`,
    ),
    v.check((value) => value.isWellFormed(), "must be well-formed Unicode"),
  ),
);

/** Is this usable as an id, in a refusal that names its conversation? */
export const isUsableId = (value: unknown): value is string => v.is(id, value);
