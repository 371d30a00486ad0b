import { indicatorContract } from "../../../test/contract/indicator.ts";

indicatorContract("atr", [14]);
indicatorContract("atr", [1]);
indicatorContract("atr", [5]);
