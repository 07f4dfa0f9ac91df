import { expect, it } from "vitest";
import { duration } from "./StateBadge";

it.each([
  [0.0001, "<1ms"],
  [0.002, "2ms"],
  [0.0123, "0.01s"],
  [1.234, "1.23s"],
  [12.34, "12.3s"],
  [123.4, "123s"],
])("%d seconds are %s", (seconds, text) => {
  expect(duration(seconds, "en")).toBe(text);
});
