// Counts sockets per address. One household or host has an IPv6 network of 2^64 addresses, so a /64 counts as one.
import { isIPv4, isIPv6 } from "node:net";
import type { Limits } from "../limits.ts";
import { isLoopbackAddress } from "./hosts.ts";

type Bounds = Pick<Limits, "socketsPerAddressMax" | "socketsPerLoopbackAddressMax">;

export class AddressLimit {
  readonly #bounds: Bounds;
  readonly #sockets = new Map<string, number>();

  constructor(bounds: Bounds) {
    this.#bounds = bounds;
  }

  isFull(address: string | undefined): boolean {
    const { socketsPerAddressMax, socketsPerLoopbackAddressMax } = this.#bounds;
    // A loopback address is the machine's owner, or a proxy that stands in for all clients.
    const most = isLoopbackAddress(address) ? socketsPerLoopbackAddressMax : socketsPerAddressMax;
    return (this.#sockets.get(networkOf(address)) ?? 0) >= most;
  }

  /** Counts one more socket. Returns its network, to be passed to remove when the socket closes. */
  add(address: string | undefined): string {
    const network = networkOf(address);
    this.#sockets.set(network, (this.#sockets.get(network) ?? 0) + 1);
    return network;
  }

  /** @param network as returned by add. */
  remove(network: string): void {
    const left = (this.#sockets.get(network) ?? 0) - 1;
    if (left > 0) this.#sockets.set(network, left);
    else this.#sockets.delete(network);
  }

  get size(): number {
    return this.#sockets.size;
  }
}

/** An IPv4 address, or the first 64 bits of an IPv6 one (RFC 4291 2.5.4). */
export function networkOf(address = ""): string {
  const plain = address.replace(/^::ffff:/i, "");
  if (isIPv4(plain) || !isIPv6(plain)) return plain;
  const [head = "", tail] = plain.replace(/%.*$/, "").split("::");
  const groups = (text: string): string[] => (text === "" ? [] : text.split(":"));
  const before = groups(head);
  const missing = tail === undefined ? 0 : 8 - before.length - groups(tail).length;
  const all = [...before, ...Array.from({ length: missing }, () => "0"), ...groups(tail ?? "")];
  return `${all
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(":")}::/64`;
}
