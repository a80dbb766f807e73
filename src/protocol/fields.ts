// The pieces that several messages are made of, within a server's limits.
import * as v from "valibot";
import type { Limits } from "../limits.ts";

/** Characters are code points: a person sees one where UTF-16 has two. */
const hasAtMost = (text: string, characters: number): boolean =>
  text.length <= characters || (text.length <= 2 * characters && [...text].length <= characters);

type IdLimits = Pick<Limits, "idCharactersMax">;

/** What is wrong with it as an id, which is well-formed Unicode of 1–200 characters (protocol 1.1). */
export function idProblem(value: unknown, { idCharactersMax }: IdLimits): string | undefined {
  if (typeof value !== "string") return "must be a string";
  if (value === "") return "must not be empty";
  if (!hasAtMost(value, idCharactersMax)) return `must have at most ${idCharactersMax} characters`;
  return value.isWellFormed() ? undefined : "must be well-formed Unicode";
}

/** Is this usable as an id, in a refusal that names its conversation? */
export const isUsableId = (value: unknown, limits: IdLimits): value is string => idProblem(value, limits) === undefined;

/** An optional field: `null` is the same as leaving it out (protocol 1.1). */
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
    /** What a person says. */
    chatText: v.pipe(
      v.string(),
      v.nonEmpty(),
      v.maxBytes(limits.chatTextBytesMax, `must have at most ${limits.chatTextBytesMax} bytes`),
    ),
    /** What every request to a v1 socket may carry: its `reply` names it (protocol 2). */
    pairing: { id: optional(id) },
    /** The same key with the same request starts nothing a second time (protocol 2). */
    idempotencyKey: optional(
      v.pipe(
        filledText(limits.idempotencyKeyCharactersMax),
        v.check((value) => value.isWellFormed(), "must be well-formed Unicode"),
      ),
    ),
  };
}

/** A message's schemas: of sockets without the subprotocol `turnwire.v1`, and with it, where it may say more. */
export const schemasOf = <const Base extends v.ObjectEntries, const OfV1 extends v.ObjectEntries>(
  base: Base,
  ofV1: OfV1,
) => ({ base: v.object(base), v1: v.object({ ...base, ...ofV1 }) });

/** The message as a v1 socket may send it (protocol 2). */
export type OnV1<Schemas extends (...pieces: never[]) => { v1: v.GenericSchema }> = v.InferOutput<
  ReturnType<Schemas>["v1"]
>;
