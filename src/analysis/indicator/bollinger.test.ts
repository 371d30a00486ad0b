import { indicatorContract } from "../../../test/contract/indicator.ts";
import { IN_VOLUME } from "./indicator.ts";

indicatorContract("bollinger", [20, 2]);
indicatorContract("bollinger", [2, 0.5]);
indicatorContract("bollinger", [50, 2], IN_VOLUME);
