/**
 * Assertions that stay on in production. `fail` builds its text only when it throws, so a hot check costs one comparison:
 *   if (lag > capacity) fail("cursor ran past the ring", lag);
 */
import { StreamError } from "./errors.ts";

/** Stops with INVARIANT. For hot code: the caller compares, this formats. */
export function fail(what: string, observed: number): never {
  throw new StreamError("INVARIANT", `${what} (observed ${observed})`, { observed });
}

/** Cold assertion with a static text. */
export function invariant(condition: boolean, what: string): asserts condition {
  if (!condition) throw new StreamError("INVARIANT", what);
}
