import { indicatorContract } from "../../../test/contract/indicator.ts";

indicatorContract("macd", [12, 26, 9]);
indicatorContract("macd", [3, 7, 4]);
indicatorContract("macd", [1, 2, 1]);
