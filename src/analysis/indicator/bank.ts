/**
 * All indicators of a formula set, each updated once a bar whatever number of formulas names it. @hot
 *
 * One call site a class: a single site that met seven shapes would cost 20 ns a call. An indicator that has no case still works, by the
 * shared site at the end.
 */
import type { Arena } from "../../kernel/memory/arena.ts";
import { Atr } from "./atr.ts";
import { Bollinger } from "./bollinger.ts";
import { createIndicator } from "./catalog.ts";
import { Ema } from "./ema.ts";
import type { Indicator, Profile } from "./indicator.ts";
import { Macd } from "./macd.ts";
import { Rsi } from "./rsi.ts";
import { Sma } from "./sma.ts";
import { Vwap } from "./vwap.ts";

/** One indicator with its parameters and input. */
export interface IndicatorUse {
  readonly name: string;
  readonly params: readonly number[];
  /** Input column, or -1 when the inputs are fixed. */
  readonly column: number;
}

const CLASSES = [Sma, Ema, Rsi, Macd, Bollinger, Atr, Vwap];

export class IndicatorBank {
  readonly indicators: readonly Indicator[];
  private readonly kinds: Uint8Array;

  constructor(arena: Arena, lanes: number, uses: readonly IndicatorUse[], profile: Profile) {
    this.indicators = uses.map((use) => createIndicator(arena, lanes, use.name, use.params, use.column < 0 ? { profile } : { profile, column: use.column }));
    this.kinds = Uint8Array.from(this.indicators, (indicator) => CLASSES.findIndex((known) => indicator instanceof known) & 0xff);
  }

  /** Updates every indicator of the lane by its newest bar. */
  update(lane: number, bar: Float64Array): void {
    const kinds = this.kinds;
    for (let i = 0; i < kinds.length; i++) {
      const indicator = this.indicators[i];
      switch (kinds[i]) {
        case 0:
          (indicator as Sma).update(lane, bar);
          break;
        case 1:
          (indicator as Ema).update(lane, bar);
          break;
        case 2:
          (indicator as Rsi).update(lane, bar);
          break;
        case 3:
          (indicator as Macd).update(lane, bar);
          break;
        case 4:
          (indicator as Bollinger).update(lane, bar);
          break;
        case 5:
          (indicator as Atr).update(lane, bar);
          break;
        case 6:
          (indicator as Vwap).update(lane, bar);
          break;
        default:
          indicator.update(lane, bar);
      }
    }
  }

  /** A session of the lane begins: anchors what is anchored to it. */
  reset(lane: number): void {
    for (let i = 0; i < this.indicators.length; i++) {
      const indicator = this.indicators[i];
      if (indicator.reset !== undefined) indicator.reset(lane);
    }
  }
}
