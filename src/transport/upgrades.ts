// Admits each upgrade, rejects it in plain HTTP, or lets it wait in the admission queue. An upgrade counts against its
// address's limit from its arrival until its WebSocket closes.
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { AddressLimit } from "../access/address-limit.ts";
import { AdmissionQueue } from "../access/admission-queue.ts";
import { accountOf } from "../access/rate-limiter.ts";
import type { RequestGuard } from "../access/request-guard.ts";
import type { Limits } from "../limits.ts";
import type { Identity } from "../ports/authorisation.ts";
import type { Logger } from "../ports/logger.ts";
import type { Clock } from "../runtime/clock.ts";
import { PendingUpgradeStream } from "./pending-upgrade.ts";
import { rejectUpgrade } from "./reject-upgrade.ts";
import { flawOf } from "./upgrade-request.ts";

/** What an upgrade is counted under, from its arrival until its WebSocket closes. */
export interface Admission {
  identity: Identity;
  network: string;
  /** Its account in the admission queue. */
  account: string;
}

export interface Upgrade {
  request: IncomingMessage;
  stream: Duplex;
  /** Bytes received after the request's headers. */
  head: Buffer;
}

export interface UpgradesOptions {
  clock: Clock;
  limits: Limits;
  logger: Logger;
  access: RequestGuard;
  /** Why no socket is accepted at the moment, or undefined when they are. */
  closedBecause: () => "draining" | "full" | undefined;
  /** Completes the handshake. @returns false when the handshake is invalid; it has been rejected then. */
  open: (upgrade: Upgrade, admission: Admission) => boolean;
}

export class Upgrades {
  readonly #options: UpgradesOptions;
  readonly #addresses: AddressLimit;
  readonly #queue: AdmissionQueue;

  constructor(options: UpgradesOptions) {
    this.#options = options;
    this.#addresses = new AddressLimit(options.limits);
    this.#queue = new AdmissionQueue(options.clock, options.limits);
  }

  /** How many upgrades wait in the admission queue. */
  get waiting(): number {
    return this.#queue.waiting;
  }

  /** Handles an HTTP server's `upgrade` event. */
  take(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    const identity = this.#identify(request, stream);
    if (!identity) return;
    // Counted while it waits, or any number could wait.
    const network = this.#addresses.add(request.socket.remoteAddress);
    const admission = { identity, network, account: accountOf(identity, network) };
    let waiting: PendingUpgradeStream | undefined;
    let isDone = false;
    const pending = {
      takeIn: () => {
        isDone = true;
        if (!this.#admit({ request, stream, head: waiting?.release() ?? head }, admission))
          this.#addresses.remove(network);
        else if (waiting) stream.resume();
      },
      turnAway: () => {
        isDone = true;
        waiting?.release();
        this.#addresses.remove(network);
        rejectUpgrade(stream, 503, "too many new connections: try again later", this.#options);
      },
    };
    if (!this.#queue.admit(admission.account, pending)) pending.turnAway();
    if (isDone) return;
    const leave = (): void => {
      this.#queue.withdraw(admission.account, pending);
      this.#addresses.remove(network);
    };
    waiting = new PendingUpgradeStream(stream, head, this.#options.limits, {
      onGone: leave,
      onTooMuch: () => {
        waiting?.release();
        leave();
        this.#queue.penalise(admission.account);
        rejectUpgrade(stream, 400, tooEarly, this.#options);
      },
    });
  }

  /** An opened WebSocket has closed. @param wasShortLived it closed at once or misbehaved: its account is penalised. */
  leave({ network, account }: Admission, wasShortLived: boolean): void {
    this.#addresses.remove(network);
    if (wasShortLived) this.#queue.penalise(account);
  }

  /** Empties the admission queue. Nothing is admitted any more. */
  stop(): void {
    this.#queue.stop();
  }

  /** Authenticates the request. @returns undefined when it was rejected. */
  #identify(request: IncomingMessage, stream: Duplex): Identity | undefined {
    const { access, closedBecause, logger } = this.#options;
    const refuse = (status: number, reason: string): undefined => {
      logger.info("transport-ws: upgrade refused", { status, reason });
      rejectUpgrade(stream, status, reason, this.#options);
    };
    const flaw = flawOf(request);
    if (flaw !== undefined) return refuse(400, flaw);
    const closed = closedBecause();
    if (closed) {
      rejectUpgrade(stream, 503, `${closed}: try again later`, this.#options);
      return undefined;
    }
    // Checked before a ticket is consumed.
    if (this.#addresses.isFull(request.socket.remoteAddress)) return refuse(429, tooManyFromAddress);
    const decision = access.check("upgrade", request);
    return decision.allowed ? decision.identity : refuse(decision.status, decision.message);
  }

  #admit(upgrade: Upgrade, admission: Admission): boolean {
    const { access, closedBecause, open } = this.#options;
    const { stream } = upgrade;
    if (stream.destroyed) return false;
    const closed = closedBecause();
    if (closed || !access.isGood(admission.identity)) {
      if (closed) rejectUpgrade(stream, 503, `${closed}: try again later`, this.#options);
      else rejectUpgrade(stream, 401, "the token is no longer valid", this.#options);
      return false;
    }
    const isOpen = open(upgrade, admission);
    if (!isOpen) this.#queue.penalise(admission.account);
    return isOpen;
  }
}

const tooEarly = "wait for the answer to the upgrade before you send more (RFC 6455 4.1)";
const tooManyFromAddress = "too many sockets are open from your address: close one first";
