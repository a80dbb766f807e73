// Parses Host and Origin headers strictly: only a plain host with an optional port is accepted. It must never repair
// its input, because browsers always send the plain form and attackers try the others.
import { isIPv4, isIPv6 } from "node:net";

export interface Authority {
  /** Lower case; an IPv6 address in its shortest form and in brackets. */
  hostname: string;
  port: number | undefined;
}

export interface Origin {
  scheme: "http" | "https";
  hostname: string;
  /** The scheme's default when the origin names none. */
  port: number;
}

const authorityPattern = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::([0-9]{1,5}))?$/;
const hostnameLengthMax = 253;
const portMax = 65_535;

/** `host[:port]`, as in a Host header (RFC 9110 7.2). */
export function parseAuthority(text: string): Authority | undefined {
  const [, host, digits] = authorityPattern.exec(text.toLowerCase()) ?? [];
  if (host === undefined || host.length > hostnameLengthMax) return undefined;
  const port = digits === undefined ? undefined : Number(digits);
  if (port !== undefined && port > portMax) return undefined;
  const hostname = plainHostname(host);
  return hostname === undefined ? undefined : { hostname, port };
}

function plainHostname(host: string): string | undefined {
  if (host.startsWith("[")) return isIPv6(host.slice(1, -1)) ? new URL(`http://${host}`).hostname : undefined;
  return host.split(".").includes("") ? undefined : host;
}

/** `http[s]://host[:port]` and nothing more (RFC 6454 6.2); undefined for `null` and for other schemes. */
export function parseOrigin(text: string): Origin | undefined {
  const [, name, rest] = /^(https?):\/\/(.+)$/i.exec(text) ?? [];
  const authority = rest === undefined ? undefined : parseAuthority(rest);
  if (name === undefined || authority === undefined) return undefined;
  const scheme = name.toLowerCase() === "https" ? "https" : "http";
  return { scheme, hostname: authority.hostname, port: authority.port ?? defaultPort(scheme) };
}

/** An origin in its canonical form, as browsers send it. */
export function originText({ scheme, hostname, port }: Origin): string {
  return `${scheme}://${hostname}${port === defaultPort(scheme) ? "" : `:${port}`}`;
}

export const defaultPort = (scheme: Origin["scheme"]): number => (scheme === "https" ? 443 : 80);

/** Does this name or address always mean this machine (RFC 6761 6.3)? An IPv6 address may be in brackets. */
export function isLoopback(hostname: string): boolean {
  if (hostname === "localhost" || hostname.endsWith(".localhost")) return true;
  if (hostname === "[::1]" || hostname === "::1") return true;
  return isIPv4(hostname) && hostname.startsWith("127.");
}

/** A name below `.localhost`: any page that this machine serves can take one. */
export const isBelowLocalhost = (hostname: string): boolean => hostname.endsWith(".localhost");

/** 0.0.0.0 and [::] lead to this machine in browsers and are nobody's address. */
export const isUnspecified = (hostname: string): boolean => hostname === "0.0.0.0" || hostname === "[::]";

export const isAddress = (hostname: string): boolean => hostname.startsWith("[") || isIPv4(hostname);

/** @param address of a peer as the socket reports it; IPv4 may be mapped to IPv6 (RFC 4291 2.5.5.2). */
export const isLoopbackAddress = (address = ""): boolean => isLoopback(address.replace(/^::ffff:/i, ""));

/** Headers that proxies add. A proxy that adds none looks like a client on its own machine. */
const proxyHeaders = [
  "forwarded",
  "via",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-proto",
  "x-real-ip",
  "cf-connecting-ip",
];

/** Did a proxy pass this request on, as far as its headers tell? */
export const isForwarded = (has: (header: string) => boolean): boolean => proxyHeaders.some(has);
