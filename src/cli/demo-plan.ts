/** The pipeline of the demo and of simulate. */
import { breakout, pipeline, tumbling } from "../engine/pipeline/pipeline.ts";
import type { PipelinePlan } from "../engine/pipeline/plan.ts";

/** One of each analysis, over short spans, so that a simulated minute shows something. */
export function demoPlan(): PipelinePlan {
  return pipeline("demo")
    .bars("1s")
    .signal("dip", "close < bollinger(20, 2).lower and rsi(14) < 30", { side: "buy" })
    .signal("trend", "crossOver(ema(5), ema(20)) and macd(12, 26, 9).histogram > 0", { side: "buy" })
    .signal("fade", "close > vwap() + 2 * atr(14)", { side: "sell" })
    .window("flow", tumbling("5s"), { vwap: "vwap", trades: "count" })
    .pattern("jump", breakout({ threshold: "0.5%", over: "5s" }))
    .pattern("drop", breakout({ threshold: "0.5%", over: "5s", direction: "down" }))
    .guard({ velocity: "3% in 1s", then: "suppress", cooldown: "5s" })
    .orders({ qty: 100 })
    .toPlan();
}
