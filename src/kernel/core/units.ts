/**
 * Branded units: numbers that the compiler tells apart and the machine does not.
 *
 * All are integer-valued doubles, exact to 2^53. BigInt lives only at file and wire edges.
 *   Nanos     nanoseconds since the session epoch, a UTC midnight kept once per run: exact for 104 days
 *   Price     units of 10^-priceScale of its instrument; may be negative (spreads, power)
 *   Qty       units of 10^-qtyScale of its instrument; never negative
 *   Sequence  position in the one ingest order of a run, from 1, without gaps
 */
declare const unit: unique symbol;

/** A number with a name. */
export type Unit<Name extends string> = number & { readonly [unit]: Name };

export type Nanos = Unit<"Nanos">;
export type Price = Unit<"Price">;
export type Qty = Unit<"Qty">;
export type Sequence = Unit<"Sequence">;
/** Dense id of an instrument in the registry, from 0. */
export type InstrumentId = Unit<"InstrumentId">;

export const NANOS_PER_MICRO = 1_000;
export const NANOS_PER_MILLI = 1_000_000;
export const NANOS_PER_SECOND = 1_000_000_000;
export const NANOS_PER_MINUTE = 60_000_000_000;
export const NANOS_PER_DAY = 86_400_000_000_000;

/** No time yet: below every real time, exact, and safe to compare and store. */
export const TIME_UNSET = -9_007_199_254_740_991 as Nanos;
/** After every real time: the watermark of a bounded input that has ended. */
export const TIME_END = 9_007_199_254_740_991 as Nanos;
