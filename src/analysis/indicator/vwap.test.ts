import { indicatorContract } from "../../../test/contract/indicator.ts";
import { IN_CLOSE, IN_NOTIONAL } from "./indicator.ts";

indicatorContract("vwap", []);
indicatorContract("vwap", [], IN_CLOSE);
indicatorContract("vwap", [], IN_NOTIONAL);
