// The fields that several messages share, checked against the server's limits.
import * as v from "valibot";
import type { Limits } from "../limits.ts";

/** Characters are code points, not UTF-16 units. */
const hasAtMost = (text: string, characters: number): boolean =>
  text.length <= characters || (text.length <= 2 * characters && [...text].length <= characters);

type IdLimits = Pick<Limits, "idCharactersMax">;

/**
 * Why this is not a valid id, or undefined. An id is well-formed Unicode of 1–idCharactersMax characters (protocol
 * 1.1).
 */
export function idProblem(value: unknown, { idCharactersMax }: IdLimits): string | undefined {
  if (typeof value !== "string") return "must be a string";
  if (value === "") return "must not be empty";
  if (!hasAtMost(value, idCharactersMax)) return `must have at most ${idCharactersMax} characters`;
  return value.isWellFormed() ? undefined : "must be well-formed Unicode";
}

/** Is this a valid id? A refusal names its conversation only then. */
export const isUsableId = (value: unknown, limits: IdLimits): value is string => idProblem(value, limits) === undefined;

/** An optional field; `null` is the same as omitting it (protocol 1.1). */
export function optional<const Schema extends v.GenericSchema>(schema: Schema) {
  return v.optional(
    v.pipe(
      v.nullable(schema),
      v.transform((value) => value ?? undefined),
    ),
  );
}

const filledText = (charactersMax: number) =>
  v.pipe(
    v.string("must be a string"),
    v.nonEmpty("must not be empty"),
    v.maxLength(charactersMax, `must have at most ${charactersMax} characters`),
  );

export type FieldLimits = IdLimits &
  Pick<Limits, "shortStringCharactersMax" | "idempotencyKeyCharactersMax" | "chatTextBytesMax">;

export type Fields = ReturnType<typeof createFields>;

export function createFields(limits: FieldLimits) {
  const id = v.custom<string>(
    (value) => isUsableId(value, limits),
    ({ input }) => idProblem(input, limits) ?? "",
  );
  return {
    id,
    shortString: filledText(limits.shortStringCharactersMax),
    /** A person's message. */
    chatText: v.pipe(
      v.string(),
      v.nonEmpty(),
      v.maxBytes(limits.chatTextBytesMax, `must have at most ${limits.chatTextBytesMax} bytes`),
    ),
    /** Every request on a v1 socket may carry an id, which its `reply` repeats (protocol 2). */
    pairing: { id: optional(id) },
    /** A client's own id for its text, by which it finds the text again. As long as an idempotency key. */
    clientMessageId: optional(
      v.pipe(
        filledText(limits.idempotencyKeyCharactersMax),
        v.check((value) => value.isWellFormed(), "must be well-formed Unicode"),
      ),
    ),
    /** Repeating a request with the same key starts nothing a second time (protocol 2). */
    idempotencyKey: optional(
      v.pipe(
        filledText(limits.idempotencyKeyCharactersMax),
        v.check((value) => value.isWellFormed(), "must be well-formed Unicode"),
      ),
    ),
  };
}

/** A message's schemas: `base` for sockets without the subprotocol `turnwire.v1`, and `v1`, which has more fields. */
export const schemasOf = <const Base extends v.ObjectEntries, const OfV1 extends v.ObjectEntries>(
  base: Base,
  ofV1: OfV1,
) => ({ base: v.object(base), v1: v.object({ ...base, ...ofV1 }) });

/** The message as a v1 socket may send it (protocol 2). */
export type OnV1<Schemas extends (...fields: never[]) => { v1: v.GenericSchema }> = v.InferOutput<
  ReturnType<Schemas>["v1"]
>;
