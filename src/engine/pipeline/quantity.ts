/**
 * Durations, sizes and fractions as people write them: "5s", "64MB", "0.2%", "5% in 1s". Numbers pass through: a number is
 * nanoseconds, bytes or a fraction already. Anything else is CONFIG_INVALID with what was seen and what is allowed.
 */
import { StreamError } from "../../kernel/core/errors.ts";

const DURATION_NS: Readonly<Record<string, number>> = { ns: 1, us: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9, d: 86_400e9 };
const SIZE_BYTES: Readonly<Record<string, number>> = { B: 1, KB: 1024, MB: 1024 ** 2, GB: 1024 ** 3 };

/** Nanoseconds of "250ms", "1m", "30s"; above 0. */
export function parseDuration(text: string | number, what: string): number {
  const ns = typeof text === "number" ? text : withUnit(text, DURATION_NS);
  if (!(ns > 0) || !Number.isSafeInteger(ns)) {
    throw new StreamError(
      "CONFIG_INVALID",
      `${what}: expected a duration such as 250ms, 5s or 1m (units ${Object.keys(DURATION_NS).join(", ")}), got ${JSON.stringify(text)}`,
    );
  }
  return ns;
}

/** Nanoseconds, 0 allowed. */
export function parseDelay(text: string | number, what: string): number {
  return text === 0 || text === "0" || text === "0s" ? 0 : parseDuration(text, what);
}

/** Bytes of "64MB"; above 0. */
export function parseSize(text: string | number, what: string): number {
  const bytes = typeof text === "number" ? text : withUnit(text, SIZE_BYTES);
  if (!(bytes > 0) || !Number.isSafeInteger(bytes)) {
    throw new StreamError("CONFIG_INVALID", `${what}: expected a size such as 64MB (units ${Object.keys(SIZE_BYTES).join(", ")}), got ${JSON.stringify(text)}`);
  }
  return bytes;
}

/** A fraction of "0.2%" or 0.002; above 0 and below 1. */
export function parseFraction(text: string | number, what: string): number {
  const value = ratioOf(text);
  if (!(value > 0 && value < 1))
    throw new StreamError("CONFIG_INVALID", `${what}: expected a fraction such as 0.2% or 0.002, above 0 and below 1, got ${JSON.stringify(text)}`);
  return value;
}

/** How much is added, as "300%" or 3; above 0 and at most 1000 (100000%). */
export function parseRise(text: string | number, what: string): number {
  const value = ratioOf(text);
  if (!(value > 0 && value <= 1000))
    throw new StreamError("CONFIG_INVALID", `${what}: expected a rise such as 50% or 300%, above 0 and at most 100000%, got ${JSON.stringify(text)}`);
  return value;
}

/** The number that "0.2%", "0.002" or 0.002 stands for; NaN for anything else. */
function ratioOf(text: string | number): number {
  if (typeof text === "number") return text;
  const trimmed = text.trim();
  if (/^\d+(\.\d+)?%$/.test(trimmed)) return Number(`${trimmed.slice(0, -1)}e-2`);
  return /^\d*\.?\d+$/.test(trimmed) ? Number(trimmed) : Number.NaN;
}

/** The two parts of "5% in 1s". */
export function parseVelocity(text: string, what: string): { threshold: number; overNs: number } {
  const parts = text.split(/\s+in\s+/);
  if (parts.length !== 2)
    throw new StreamError("CONFIG_INVALID", `${what}: expected a fraction and a duration such as "5% in 1s", got ${JSON.stringify(text)}`);
  return { threshold: parseFraction(parts[0], what), overNs: parseDuration(parts[1], what) };
}

/** A speed: "max", "10x" or 10. */
export function parseSpeed(text: string): number {
  if (text === "max") return Infinity;
  const match = /^(\d+(?:\.\d+)?)x?$/.exec(text);
  const speed = match === null ? Number.NaN : Number(match[1]);
  if (!(speed > 0)) throw new StreamError("USAGE", `--speed: expected max or a factor such as 10x, got ${JSON.stringify(text)}`);
  return speed;
}

/** A duration for people, in the largest unit that leaves no fraction. */
export function formatDuration(ns: number): string {
  for (const unit of ["d", "h", "m", "s", "ms", "us"]) {
    const size = DURATION_NS[unit];
    if (ns >= size && ns % size === 0) return `${ns / size}${unit}`;
  }
  return `${ns}ns`;
}

/** The number times its unit, exactly: 1.005s is 1005000000 ns, which doubles would miss. NaN for a part of a unit, or for no such text. */
function withUnit(text: string, units: Readonly<Record<string, number>>): number {
  const match = /^(\d{1,30})(?:\.(\d{1,30}))?\s*([a-zA-Z]+)$/.exec(text.trim());
  if (match === null || !Object.hasOwn(units, match[3])) return Number.NaN;
  const decimals = match[2] ?? "";
  const scaled = BigInt(match[1] + decimals) * BigInt(units[match[3]]);
  const scale = 10n ** BigInt(decimals.length);
  return scaled % scale === 0n ? Number(scaled / scale) : Number.NaN;
}
