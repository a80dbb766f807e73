// Sends to an actor: in the name of the actor whose chart asks for it, so that an inspector sees from whom, or in
// nobody's. XState's own sendTo reaches adopted actors too.
import type { AnyActorRef } from "xstate";

export type SendTo = <Ref extends AnyActorRef>(actor: Ref, event: Parameters<Ref["send"]>[0]) => void;

export const sendFromOutside: SendTo = (actor, event) => actor.send(event);
