import { indicatorContract } from "../../../test/contract/indicator.ts";

indicatorContract("rsi", [14]);
indicatorContract("rsi", [1]);
indicatorContract("rsi", [2]);
