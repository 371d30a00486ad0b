/**
 * What happens to one subscriber's records when it is slower than what it subscribed to: seven policies, by name, with their settings.
 *
 *   lossless               refuses: the publisher waits
 *   lossy                  overwrites: the subscriber is told the exact range that it lost
 *   conflate               the newest of a key takes the place of the pending one
 *   drop-oldest, drop-newest, drop-random, drop-lowest-priority     what goes when there is no room
 */
import { StreamError } from "../../kernel/core/errors.ts";
import { typeName } from "../../kernel/record/header.ts";
import type { Slots } from "../../kernel/record/slots.ts";

/** The policies there are. */
export const DELIVERY_NAMES = ["lossless", "lossy", "conflate", "drop-oldest", "drop-newest", "drop-random", "drop-lowest-priority"] as const;

export type DeliveryName = (typeof DELIVERY_NAMES)[number];

/** The key of a unit, read from the header of its first record: a whole number from 0 to 2^53 - 1. */
export type KeyOf = (slots: Slots, slot: number) => number;

/** A policy as it is asked for. */
export interface DeliveryPolicy {
  readonly policy: DeliveryName;
  /** Most pending records, 1 to CAPACITY_MAX; with lossy a power of two from 4. */
  readonly capacity: number;
  /** Most records of one unit, at most `capacity`, with lossy half of it; CHAIN_DEFAULT, or as many as there is room for. A longer one is lost whole. */
  readonly chain?: number;
  /** Of lossy: where a subscriber that was lapped goes on; "oldest" unless said. */
  readonly resume?: "oldest" | "head";
  /** Of conflate: instrument and type unless said. */
  readonly keyOf?: KeyOf;
  /** Of drop-random: equal seeds drop alike; 1 unless said. */
  readonly seed?: number;
  /** Of drop-lowest-priority: 0, which goes first, to PRIORITY_MAX for each type by name; PRIORITIES_DEFAULT unless said, 0 for a type that is not named. */
  readonly priorities?: Readonly<Record<string, number>>;
}

/** Most pending records of a subscription. */
export const CAPACITY_MAX = 16_777_216;
/** Most records of a unit unless said: a signal with the most values takes 65. */
export const CHAIN_DEFAULT = 128;
/** The highest priority of a type. A record with FLAG_CRITICAL outranks it. */
export const PRIORITY_MAX = 14;
/** Decisions before what they are made of, what is rare before what is plenty. */
export const PRIORITIES_DEFAULT: Readonly<Record<string, number>> = {
  signal: 6,
  ack: 6,
  venueStatus: 5,
  bar: 4,
  pane: 4,
  trade: 3,
  quote: 2,
  bookDelta: 1,
};

/** A policy with every setting in force. */
export interface CheckedPolicy {
  readonly policy: DeliveryName;
  readonly capacity: number;
  readonly chain: number;
  readonly resume: "oldest" | "head";
  readonly keyOf: KeyOf | null;
  readonly seed: number;
  /** By type byte. */
  readonly priorities: Uint8Array;
}

const SETTINGS: Readonly<Record<string, DeliveryName>> = { resume: "lossy", keyOf: "conflate", seed: "drop-random", priorities: "drop-lowest-priority" };

/** The policy with its defaults; CONFIG_INVALID, with what is allowed, for anything else. */
export function checkPolicy(asked: DeliveryPolicy): CheckedPolicy {
  const { policy, capacity, resume = "oldest", seed = 1, keyOf = null } = asked;
  if (!DELIVERY_NAMES.includes(policy)) throw invalid(`expected a policy out of ${DELIVERY_NAMES.join(", ")}, got ${JSON.stringify(policy)}`);
  for (const name of Object.keys(asked)) {
    if (name in SETTINGS && SETTINGS[name] !== policy) throw invalid(`${policy}: ${name} is a setting of ${SETTINGS[name]}`);
    if (!(name in SETTINGS) && !["policy", "capacity", "chain"].includes(name)) throw invalid(`${policy}: there is no setting ${name}`);
  }
  const isLossy = policy === "lossy";
  requireWhole(policy, "capacity", capacity, isLossy ? 4 : 1, CAPACITY_MAX);
  if (isLossy && (capacity & (capacity - 1)) !== 0) throw invalid(`lossy: expected a capacity that is a power of two, got ${capacity}`);
  const chainMax = isLossy ? capacity / 2 : capacity;
  const { chain = Math.min(CHAIN_DEFAULT, chainMax) } = asked;
  requireWhole(policy, "chain", chain, 1, chainMax);
  requireWhole(policy, "seed", seed, -2_147_483_648, 4_294_967_295);
  if (resume !== "oldest" && resume !== "head") throw invalid(`lossy: expected resume to be oldest or head, got ${JSON.stringify(resume)}`);
  if (keyOf !== null && typeof keyOf !== "function") throw invalid("conflate: expected keyOf to be a function of slots and slot");
  return { policy, capacity, chain, resume, keyOf, seed, priorities: prioritiesOf(asked.priorities ?? PRIORITIES_DEFAULT) };
}

function prioritiesOf(named: Readonly<Record<string, number>>): Uint8Array {
  const types = new Map(Array.from({ length: 255 }, (_, index): [string, number] => [typeName(index + 1), index + 1]));
  const known = [...types.keys()].filter((name) => !name.startsWith("unknown "));
  const priorities = new Uint8Array(256);
  for (const [name, priority] of Object.entries(named)) {
    if (!known.includes(name)) throw invalid(`drop-lowest-priority: expected record types out of ${known.join(", ")}, got ${name}`);
    requireWhole("drop-lowest-priority", `the priority of ${name}`, priority, 0, PRIORITY_MAX);
    priorities[types.get(name) ?? 0] = priority;
  }
  return priorities;
}

function requireWhole(policy: string, what: string, value: number, min: number, max: number): void {
  if (!Number.isInteger(value) || value < min || value > max)
    throw invalid(`${policy}: expected ${what} to be a whole number from ${min} to ${max}, got ${value}`);
}

function invalid(message: string): StreamError {
  return new StreamError("CONFIG_INVALID", `delivery ${message}`);
}
