/**
 * Binance messages read with JSON.parse: snapshots, answers to requests, and market events in an unusual form.
 *
 * An event is rewritten in the one form that the byte scanner knows, so a reordered or spaced message gives the same records as the
 * usual one, and there is one decoder of values. Never throws.
 */
import { REASON_FIELD, REASON_TYPE } from "./quarantine.ts";

/** A market event, rewritten. */
export const COLD_EVENT = 1;
/** A REST depth snapshot, rewritten with its id as `u` and its sides as `b` and `a`. */
export const COLD_SNAPSHOT = 2;
/** An answer to a request on the connection. */
export const COLD_CONTROL = 3;
/** A message of a type that is not decoded. */
export const COLD_UNKNOWN = 4;
/** Not a message. */
export const COLD_MALFORMED = 5;

export interface ColdMessage {
  readonly kind: number;
  /** The rewritten message in [0, length - 1), followed by a newline. */
  readonly bytes: Uint8Array;
  /** Symbol that a snapshot names. */
  readonly symbol: string;
  /** Reason code of what is malformed. */
  readonly reason: number;
}

type Members = Readonly<Record<string, unknown>>;

const NO_BYTES = new Uint8Array(0);
const DIFF_DEPTH = /@depth(@|$)/;

/** Reads bytes[from, to). */
export function readCold(bytes: Uint8Array, from: number, to: number): ColdMessage {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes.slice(from, to)));
  } catch {
    return answer(COLD_MALFORMED, REASON_TYPE);
  }
  if (!isMembers(value)) return answer(COLD_UNKNOWN);
  const stream = value["stream"];
  const data = value["data"];
  if (typeof stream === "string" && isMembers(data)) return readEvent(data, stream);
  if (typeof value["lastUpdateId"] === "number") return readSnapshot(value);
  if (isControl(value)) return answer(COLD_CONTROL);
  return readEvent(value, "");
}

function readSnapshot(value: Members): ColdMessage {
  if (!Array.isArray(value["bids"]) || !Array.isArray(value["asks"])) return answer(COLD_MALFORMED, REASON_FIELD);
  const symbol = value["symbol"];
  const text = { u: value["lastUpdateId"], E: value["E"], T: value["T"], b: levels(value["bids"]), a: levels(value["asks"]) };
  return { kind: COLD_SNAPSHOT, bytes: encode(text), symbol: typeof symbol === "string" ? symbol : "", reason: 0 };
}

function readEvent(value: Members, stream: string): ColdMessage {
  const { e, E, T, s, t, a, b, A, B, p, q, m, X, U, u, pu } = value;
  switch (e) {
    case "trade":
      return event({ e, E, s, t, p, q, T, X, m });
    case "aggTrade":
      return event({ e, E, s, a, p, q, T, m });
    case "depthUpdate":
      if (stream !== "" && !DIFF_DEPTH.test(stream)) return answer(COLD_UNKNOWN);
      return event({ e, E, T, s, U, u, pu, b: levels(b), a: levels(a) });
    case "bookTicker":
      return event({ e, u, s, b, B, a, A, T, E });
    case undefined:
      return typeof s === "string" && typeof B === "string" && typeof A === "string" ? event({ u, s, b, B, a, A }) : answer(COLD_UNKNOWN);
    default:
      return answer(COLD_UNKNOWN);
  }
}

/** `{"result":...,"id":...}`, `{"error":...}` and `{"code":...,"msg":...}`. */
function isControl(value: Members): boolean {
  if ("id" in value && ("result" in value || "error" in value)) return true;
  return ("code" in value && "msg" in value) || ("error" in value && Object.keys(value).length === 1);
}

function isMembers(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Price and quantity of each level; what may follow them (older messages have an empty list there) is left out. */
function levels(side: unknown): unknown {
  return Array.isArray(side) ? side.map((level: unknown) => (Array.isArray(level) ? level.slice(0, 2) : level)) : side;
}

function event(members: Members): ColdMessage {
  return { kind: COLD_EVENT, bytes: encode(members), symbol: "", reason: 0 };
}

function encode(members: Members): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(members)}\n`);
}

function answer(kind: number, reason: number = 0): ColdMessage {
  return { kind, bytes: NO_BYTES, symbol: "", reason };
}
