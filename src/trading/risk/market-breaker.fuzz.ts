import fc from "fast-check";
import { expect, it } from "vitest";
import { TIME_UNSET } from "../../kernel/core/units.ts";
import { Arena } from "../../kernel/memory/arena.ts";
import { TAPE_LENGTH } from "../../kernel/record/tape.ts";
import { BREAKER_COOLDOWN, BREAKER_NORMAL, BREAKER_RECOVERING, BREAKER_TRIPPED, BREAKER_WARNING, MarketBreaker } from "./market-breaker.ts";

const OVER = 100;
const THRESHOLD = 0.05;

const trade = fc.record({ dt: fc.oneof(fc.nat(30), fc.nat(400)), price: fc.integer({ min: 920, max: 1040 }), wait: fc.nat(400) });

interface Seen {
  readonly ts: number;
  readonly price: number;
}

/** The rules of the header, one lane, in the plainest way: every trade is kept, time passes in single deadlines. */
class Model {
  state = BREAKER_NORMAL;
  private entered = 0;
  private moved = 0;
  private seen: Seen[] = [];

  pass(now: number): void {
    for (;;) {
      const quiet = Math.max(this.entered, this.moved);
      const [due, next] =
        this.state === BREAKER_WARNING
          ? [quiet + 50, BREAKER_NORMAL]
          : this.state === BREAKER_TRIPPED
            ? [quiet + 50, BREAKER_COOLDOWN]
            : this.state === BREAKER_COOLDOWN
              ? [quiet + 300, BREAKER_RECOVERING]
              : this.state === BREAKER_RECOVERING
                ? [this.entered + 200, BREAKER_NORMAL]
                : [Infinity, BREAKER_NORMAL];
      if (due > now) return;
      this.state = next;
      this.entered = due;
    }
  }

  trade({ ts, price }: Seen): void {
    this.pass(ts);
    const prices = this.seen.filter((one) => one.ts >= ts - OVER && one.ts < ts).map((one) => one.price);
    this.seen.push({ ts, price });
    const high = Math.max(...prices);
    const low = Math.min(...prices);
    const move = prices.length === 0 ? 0 : Math.max((high - price) / high, (price - low) / low, 0);
    const elevated = this.state === BREAKER_NORMAL || this.state === BREAKER_RECOVERING ? THRESHOLD / 2 : THRESHOLD * 0.5 * 0.8;
    if (move < elevated) return;
    const trips = move >= THRESHOLD || this.state === BREAKER_RECOVERING;
    const next = trips ? BREAKER_TRIPPED : this.state === BREAKER_NORMAL ? BREAKER_WARNING : this.state;
    if (next !== this.state) this.entered = ts;
    this.state = next;
    this.moved = ts;
  }
}

it("is in the state that its rules give, whether or not watermarks pass the time in between", () => {
  const visited = new Set<number>();
  fc.assert(
    fc.property(fc.array(trade, { maxLength: 80 }), fc.boolean(), (trades, withWatermarks) => {
      const arena = Arena.create("breaker", 1 << 18);
      const tape = new Float64Array(TAPE_LENGTH);
      const clock = Float64Array.of(TIME_UNSET);
      const breaker = new MarketBreaker(
        arena,
        { lanes: 1, threshold: THRESHOLD, overNs: OVER, cooldownNs: 300, dwellNs: 50, recoverNs: 200, then: "suppress" },
        tape,
        clock,
      );
      arena.seal();
      const model = new Model();
      let ts = 0;
      for (const { dt, price, wait } of trades) {
        ts += dt;
        tape.set([price, 1, ts, 0]);
        const before = breaker.stateAt(0);
        const changed = breaker.onTrade(0);
        model.trade({ ts, price });
        expect(breaker.stateAt(0)).toBe(model.state);
        if (changed >= 0) expect(changed).toBe(model.state);
        else expect(model.state).toBe(before);
        expect(breaker.isOpen(0)).toBe(model.state === BREAKER_TRIPPED || model.state === BREAKER_COOLDOWN);
        visited.add(model.state);
        ts += wait;
        if (!withWatermarks) continue;
        clock[0] = ts;
        if (breaker.isDue()) {
          let last = model.state;
          for (let state = breaker.nextDue(0); state >= 0; state = breaker.nextDue(0)) last = state;
          breaker.settle();
          expect(breaker.stateAt(0)).toBe(last);
        }
        model.pass(ts);
        expect(breaker.stateAt(0)).toBe(model.state);
      }
    }),
    { seed: 20240808, numRuns: 300 },
  );
  expect(visited.size).toBe(5);
});
