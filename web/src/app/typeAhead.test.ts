// @vitest-environment happy-dom
import { expect, it } from "vitest";
import { keepTyped, takeTyped } from "./typeAhead";

const press = (key: string, more: KeyboardEventInit = {}) =>
  window.dispatchEvent(new KeyboardEvent("keydown", { key, cancelable: true, ...more }));

it("keeps what is typed until it is taken, and nothing after that", () => {
  keepTyped();
  const heard = [press("v"), press("a"), press("e")];
  expect(heard).toEqual([false, false, false]);
  expect(press("s", { ctrlKey: true })).toBe(true);
  expect(press("Enter")).toBe(true);
  expect(takeTyped()).toBe("vae");
  expect(press("x")).toBe(true);
  expect(takeTyped()).toBe("");
});
