// The SVG shapes, colours and text styles of the page of plots. Text is always escaped.
import { type ServerName, servers } from "../servers.ts";

export const pageWidth = 1_240;
export const margin = 40;
export const ink = {
  strong: "#0f172a",
  normal: "#334155",
  faint: "#64748b",
  line: "#e2e8f0",
  good: "#0f766e",
  bad: "#b91c1c",
};

const colours: Record<ServerName, string> = {
  turnwire: "#0d9488",
  "plain-ws": "#64748b",
  "socket-io": "#f59e0b",
  bun: "#a78bfa",
  blast: "#94a3b8",
};

const isServer = (lane: string): lane is ServerName => lane in servers;
export const colourOf = (lane: string): string => (isServer(lane) ? colours[lane] : "#5eead4");
export const titleOf = (lane: string): string => (isServer(lane) ? servers[lane].title : lane);

/** A part of the page, and its height. */
export interface Block {
  svg: string;
  height: number;
}

interface TextStyle {
  size?: number;
  colour?: string;
  weight?: number;
  anchor?: "start" | "middle" | "end";
}

export function text(x: number, y: number, words: string, style: TextStyle = {}): string {
  const { size = 12, colour = ink.normal, weight = 400, anchor = "start" } = style;
  const look = `font-size="${size}" fill="${colour}" font-weight="${weight}" text-anchor="${anchor}"`;
  return `<text x="${round(x)}" y="${round(y)}" ${look}>${escaped(words)}</text>`;
}

export function box(x: number, y: number, width: number, height: number, colour: string, radius = 0): string {
  const size = `width="${round(Math.max(0, width))}" height="${round(height)}"`;
  return `<rect x="${round(x)}" y="${round(y)}" ${size} rx="${radius}" fill="${colour}"/>`;
}

export function line(x1: number, y1: number, x2: number, y2: number, colour: string, width = 1): string {
  const ends = `x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}"`;
  return `<line ${ends} stroke="${colour}" stroke-width="${width}" stroke-linecap="round"/>`;
}

export function dot(x: number, y: number, radius: number, colour: string, isHollow = false): string {
  const look = isHollow ? `fill="#ffffff" stroke="${colour}" stroke-width="1.6"` : `fill="${colour}"`;
  return `<circle cx="${round(x)}" cy="${round(y)}" r="${radius}" ${look}/>`;
}

export const moved = (x: number, y: number, svg: string): string =>
  `<g transform="translate(${round(x)} ${round(y)})">${svg}</g>`;

const round = (value: number): number => Math.round(value * 10) / 10;

const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const escaped = (words: string): string => words.replace(/[&<>"]/g, (character) => entities[character] ?? "");

/** Shortens a text to `characters` characters. A shortened text ends in `…`. */
export const fitted = (words: string, characters: number): string =>
  words.length <= characters ? words : `${words.slice(0, characters - 1)}…`;
