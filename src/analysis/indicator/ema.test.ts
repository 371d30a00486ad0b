import { indicatorContract } from "../../../test/contract/indicator.ts";
import { IN_TYPICAL } from "./indicator.ts";

indicatorContract("ema", [9]);
indicatorContract("ema", [1]);
indicatorContract("ema", [14], IN_TYPICAL);
