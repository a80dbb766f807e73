// A surface's spec (protocol 1.2). Only its outline is checked before it is sent, because a host may use other field
// kinds.

export interface Action {
  actionId: string;
}

export type Field =
  | { kind: "toggle"; label: string; value: boolean; action: Action }
  | { kind: "progress"; label: string; value: number }
  | { kind: "selector"; label: string; value: string; options: { value: string; label: string }[]; action: Action }
  | { kind: "stat"; label: string; value: string }
  | { kind: "button"; label: string; action: Action }
  | { kind: "custom"; rendererId: string; payload: unknown };

export interface Spec {
  id: string;
  region: string;
  title: string;
  fields: Field[];
}

/** A row of the catalog (protocol 1.2). */
export interface CatalogEntry {
  id: string;
  region: string;
  title: string;
}
